import { closeSync, fstatSync } from 'node:fs';

/** Bytes that are read from an open descriptor: a pipe, a socket or a file from where it stands. */
export interface DescriptorSource {
  /** A pipe or socket is closed in the end, also after an error or when it was never read; a file stays open. */
  readonly fd: number;
  /** Told now and then of bytes that were read since. What it throws ends the reading. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export function isDescriptorSource(
  source: AsyncIterable<Uint8Array> | DescriptorSource,
): source is DescriptorSource {
  // Streams of Node's have an `fd`, too, and buffers, a start and an end that reading it would not know of.
  return !(Symbol.asyncIterator in source) && 'fd' in source && typeof source.fd === 'number';
}

/** Leaves a source that nobody began to read as if it had been read: a pipe or socket is closed. */
export function closeUnread(source: unknown): void {
  if (typeof source !== 'object' || source === null) return;
  if (!isDescriptorSource(source as DescriptorSource)) return;
  const { fd } = source as DescriptorSource;
  try {
    const stats = fstatSync(fd);
    if (stats.isFIFO() || stats.isSocket()) closeSync(fd);
  } catch {
    // It was not open.
  }
}
