import type { StreamFacts, StreamInspector } from '../../src/inspect/stream-inspector.ts';

/** All of `bytes` through an inspector, in pieces that end where `cuts` say. */
export async function inspect(
  inspector: StreamInspector,
  bytes: Uint8Array,
  cuts: readonly number[] = [],
): Promise<StreamFacts> {
  const ends = [...cuts.filter((cut) => cut <= bytes.byteLength).toSorted((a, b) => a - b), bytes.byteLength];
  let from = 0;
  try {
    for (const to of ends) {
      // lent: it changes as soon as the inspector is done with it
      const piece = Buffer.from(bytes.subarray(from, to));
      await inspector.push(piece);
      piece.fill(0xa5);
      from = to;
    }
    return await inspector.end();
  } finally {
    inspector.close();
  }
}

/** What it says, or the message that it refuses with. */
export async function verdict(inspector: StreamInspector, bytes: Uint8Array, cuts: readonly number[] = []) {
  try {
    return { facts: await inspect(inspector, bytes, cuts) };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'CORRUPT_STREAM') throw error;
    return { refused: error.message };
  }
}
