/** Takes a stream of chunks apart by counts of bytes. */
export interface ByteReader {
  /** The next bytes as a copy of one's own; `undefined` where the stream ends before. */
  take(bytes: number): Promise<Uint8Array | undefined>;
  /** Leaves bytes out; `false` where the stream ends before. */
  skip(bytes: number): Promise<boolean>;
  /** Hands bytes on as they come, without a copy; fewer where the stream ends before. */
  pass(bytes: number): AsyncGenerator<Uint8Array, void>;
  /** Ends the source. */
  close(): Promise<void>;
}

export function createByteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest = new Uint8Array(0) as Uint8Array;

  /** Up to so many bytes of the chunk at hand; none at the end. */
  async function next(most: number): Promise<Uint8Array> {
    while (rest.byteLength === 0) {
      const result = await chunks.next();
      if (result.done) break;
      rest = result.value;
    }
    const piece = rest.subarray(0, most);
    rest = rest.subarray(piece.byteLength);
    return piece;
  }

  async function* pass(bytes: number): AsyncGenerator<Uint8Array, void> {
    for (let left = bytes; left > 0; ) {
      const piece = await next(left);
      if (piece.byteLength === 0) return;
      left -= piece.byteLength;
      yield piece;
    }
  }

  return {
    async take(bytes) {
      const taken = new Uint8Array(bytes);
      let filled = 0;
      for await (const piece of pass(bytes)) {
        taken.set(piece, filled);
        filled += piece.byteLength;
      }
      return filled === bytes ? taken : undefined;
    },
    async skip(bytes) {
      let left = bytes;
      for await (const piece of pass(bytes)) left -= piece.byteLength;
      return left === 0;
    },
    pass,
    async close() {
      await chunks.return?.();
    },
  };
}
