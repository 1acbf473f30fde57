/**
 * An iterable over `generate` that starts nothing before it is asked for the first chunk and can be taken once.
 * Its `return` takes effect at once, even while a chunk is awaited: `ended` is aborted, and the generator is to
 * stop what it waits for.
 */
export function readOnce(
  generate: (ended: AbortSignal) => AsyncGenerator<Uint8Array, void>,
): AsyncIterable<Uint8Array> {
  let isTaken = false;
  return {
    [Symbol.asyncIterator]() {
      if (isTaken) throw new TypeError('A stream of bytes can be read only once');
      isTaken = true;
      const ended = new AbortController();
      const chunks = generate(ended.signal);
      return {
        next: () => chunks.next(),
        return: () => {
          ended.abort();
          return chunks.return();
        },
      };
    },
  };
}
