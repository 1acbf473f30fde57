import type { StreamFacts, StreamInspector } from './stream-inspector.ts';

/**
 * Passes chunks on, each after it was looked at; ends only when the whole was found well, and `onFacts` did not throw.
 * Throws what the inspector throws, and what `source` throws.
 */
export function inspected(
  source: AsyncIterable<Uint8Array>,
  inspector: StreamInspector,
  onFacts: (facts: StreamFacts) => void = () => {},
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const chunks = source[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const next = await chunks.next();
            const waiting = next.done ? undefined : inspector.push(next.value);
            if (waiting) await waiting;
            if (next.done) {
              onFacts(await inspector.end());
              inspector.close();
            }
            return next;
          } catch (error) {
            inspector.close();
            await chunks.return?.();
            throw error;
          }
        },
        // Not a generator: `return` must reach the source even while it is waiting.
        async return() {
          inspector.close();
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
