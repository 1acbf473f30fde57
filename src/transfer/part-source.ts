import { crc32 } from 'node:zlib';
import type { BufferPool } from '../stream/buffer-pool.ts';
import { hexOfCrc32 } from '../stream/crc32.ts';
import { type DescriptorSource, isDescriptorSource } from '../stream/descriptor-source.ts';
import { createDigests, type DigestName } from '../stream/digests.ts';
import { type Part, splitIntoParts } from '../stream/parts.ts';
import { readParts } from '../stream/read-parts.ts';
import { interruptible } from './interruptible.ts';

export interface PartSourceOptions {
  readonly partBytesAt: (number: number) => number;
  readonly pool: BufferPool;
  /** Buffers that are out at most. */
  readonly buffers: number;
  /** Digests to take of each part, beside this thread. */
  readonly digests: readonly DigestName[];
  readonly signal: AbortSignal;
  /** Told of all bytes that were read. */
  readonly onBytes: (bytes: number) => void;
}

/** Cuts a source into parts, and takes their digests without keeping this thread from sending. */
export function openParts(
  source: AsyncIterable<Uint8Array> | DescriptorSource,
  options: PartSourceOptions,
): AsyncGenerator<Part, void> {
  const { signal, onBytes } = options;
  if (!isDescriptorSource(source)) return splitParts(interruptible(source, { signal, onBytes }), options);
  const told = (bytes: number) => {
    onBytes(bytes);
    source.onBytes?.(bytes);
  };
  return readParts({ fd: source.fd, onBytes: told }, options);
}

async function* splitParts(
  source: AsyncIterable<Uint8Array>,
  options: PartSourceOptions,
): AsyncGenerator<Part, void> {
  const parts = splitIntoParts(source, options);
  if (options.digests.length === 0) return yield* parts;
  if (options.digests.every((name) => name === 'crc32')) return yield* addCrc32(parts);
  const digests = createDigests();
  let allTaken: Promise<unknown> = Promise.resolve();
  try {
    for await (const part of parts) {
      const taken = digests.take(part.bytes, options.digests);
      // Nobody waits for it when the part is not sent any more. They are taken one after the other.
      allTaken = taken.catch(() => {});
      yield { ...part, digests: taken };
    }
  } finally {
    void allTaken.then(digests.close);
  }
}

/** On this thread: it takes a third of the time of the copy into the part, and starting another thread more. */
async function* addCrc32(parts: AsyncIterable<Part>): AsyncGenerator<Part, void> {
  for await (const part of parts) yield { ...part, digests: { crc32: hexOfCrc32(crc32(part.bytes)) } };
}
