/**
 * Passes chunks on, the last one only when `source` ended well: whoever recognises the end of the data by itself, as
 * `zfs receive` does, must not see it before the exit status and the checksums behind the data are known. `source`
 * must leave its chunks alone.
 */
export function holdBackLast(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const chunks = source[Symbol.asyncIterator]();
      let held: Uint8Array | undefined;
      let isLeft = false;
      return {
        async next() {
          for (;;) {
            const next = await chunks.next();
            const ready = isLeft ? undefined : held;
            if (next.done) held = undefined;
            else if (next.value.byteLength === 0) continue;
            else held = next.value;
            if (ready !== undefined) return { done: false, value: ready };
            if (next.done) return { done: true, value: undefined };
          }
        },
        // Not a generator: `return` must reach the source even while it is waiting.
        async return() {
          isLeft = true;
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
