import type { BufferPool } from './buffer-pool.ts';
import type { PartDigests } from './digests.ts';

/** A filled part. `bytes` is a view into a buffer of the pool: not to be used after `release()`. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Nothing follows. Known before the part is handed on, so a body of one part can become a single request. */
  readonly last: boolean;
  /** Of `bytes`, where somebody takes them beside or on the way. */
  readonly digests?: PartDigests | Promise<PartDigests>;
  /** Gives the buffer back to the pool; may be called again. */
  release(): void;
}

export interface SplitOptions {
  /** The size of part `number`, from 1; no more than the pool holds. */
  readonly partBytesAt: (number: number) => number;
  /** Waiting for a free buffer is the back-pressure: the source is not read meanwhile. */
  readonly pool: BufferPool;
  /** Ends the waiting for a buffer. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Cuts a stream into parts, each filled completely but the last, with one copy per byte. A full part is handed on
 * when a byte behind it, or the end, was seen: so a source that fails exactly there never yields it as the last.
 * A stream without bytes yields nothing. Throws what the source throws.
 */
export async function* splitIntoParts(
  source: AsyncIterable<Uint8Array>,
  { partBytesAt, pool, signal }: SplitOptions,
): AsyncGenerator<Part, void> {
  let number = 0;
  let filling: Buffer | undefined;
  let filled = 0;

  function finish(buffer: Buffer, last: boolean): Part {
    const bytes = buffer.subarray(0, filled);
    number += 1;
    filling = undefined;
    filled = 0;
    let isOut = true;
    const release = () => {
      if (isOut) pool.release(buffer);
      isOut = false;
    };
    return { number, bytes, last, release };
  }

  try {
    for await (const chunk of source) {
      let taken = 0;
      while (taken < chunk.byteLength) {
        if (filling && filled === filling.byteLength) yield finish(filling, false);
        filling ??= await pool.acquire(partBytesAt(number + 1), signal);
        const piece = chunk.subarray(taken, taken + filling.byteLength - filled);
        filling.set(piece, filled);
        filled += piece.byteLength;
        taken += piece.byteLength;
      }
    }
    if (filling) yield finish(filling, true);
  } finally {
    if (filling) pool.release(filling);
  }
}
