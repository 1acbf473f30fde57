import { isBytes, notBytesError } from './is-bytes.ts';

/** Passes chunks through and tells `onBytes` of each as it is handed on. Throws USAGE for what is no chunk. */
export function meter(
  source: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number, chunk: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const chunks = source[Symbol.asyncIterator]();
      return {
        async next() {
          const next = await chunks.next();
          if (next.done) return next;
          if (!isBytes(next.value)) {
            // Whoever asked takes an iterator that threw for ended, and does not end it.
            await chunks.return?.();
            throw notBytesError(next.value);
          }
          onBytes(next.value.byteLength, next.value);
          return next;
        },
        // Not a generator: `return` must reach the source even while it is waiting.
        async return() {
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
