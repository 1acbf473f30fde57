/** Bytes that are read from an open descriptor: a pipe, a socket or a file from where it stands. */
export interface DescriptorSource {
  /** A pipe or socket is closed in the end, also after an error; a file stays open. */
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
