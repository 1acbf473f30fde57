import { createDecoding } from './decoding.ts';
import { createInnerStream } from './inner-stream.ts';
import { createComplaints } from './inspect-error.ts';
import type { EncodedFacts, StreamInspector } from './stream-inspector.ts';
import { createZfsInspector } from './zfs-inspector.ts';
import type { EncodedInspectorOptions } from './zstd-inspector.ts';

/**
 * Where a gzip stream ends only decoding tells, so all of it is decoded, whatever is inside; with `full` depth a ZFS
 * send stream inside is followed as well. Without a decoder nothing is checked.
 */
export function createGzipInspector({
  expect,
  depth,
  decode,
  advice,
}: EncodedInspectorOptions): StreamInspector {
  const complain = createComplaints('gzip stream', advice);
  let isFollowed = true;
  const inner = createInnerStream({
    inspector: createZfsInspector({
      checksums: true,
      what: 'ZFS send stream inside the gzip stream',
      advice,
    }),
    isDemanded: expect === 'zfs',
    complain,
    onKnown(isZfs) {
      isFollowed = isZfs && depth === 'full';
    },
  });
  const take = (chunk: Uint8Array) => {
    if (isFollowed) inner.take(chunk);
  };
  const decoding = decode ? createDecoding(decode, take, advice) : undefined;
  let bytes = 0;

  async function run(step: Promise<void> | undefined): Promise<void> {
    try {
      await step;
    } catch (error) {
      throw isCutShort(error) ? complain.truncated(bytes, 'before the end of its data') : error;
    }
  }

  return {
    push(chunk) {
      bytes += chunk.byteLength;
      return decoding && run(decoding.push(chunk));
    },
    async end(): Promise<EncodedFacts> {
      await run(decoding?.end());
      return { kind: 'gzip', bytes, inner: decoding && isFollowed ? inner.end() : undefined };
    },
    close: () => decoding?.close(),
  };
}

/** zlib's word for input that ends too early. */
function isCutShort(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'Z_BUF_ERROR';
}
