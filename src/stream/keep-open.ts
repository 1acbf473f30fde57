/** A source that whoever reads it may leave: what is behind can be read all the same. */
export interface KeptOpen {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Reads what is left. Throws what the source throws, unless it has thrown before. */
  drain(): Promise<void>;
  /** What the source threw. */
  failure(): unknown;
}

/**
 * `onChunk` sees every chunk once, in order. One is asked for after the other, also where the reader left while it was
 * waiting for one: chunks may be lent only until the next is asked for.
 */
export function keepOpen(source: AsyncIterable<Uint8Array>, onChunk: (chunk: Uint8Array) => void): KeptOpen {
  const chunks = source[Symbol.asyncIterator]();
  let failure: unknown;
  let turn: Promise<unknown> = Promise.resolve();

  async function ask(): Promise<IteratorResult<Uint8Array, void>> {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (error) {
      failure = error;
      throw error;
    }
    if (next.done) return { done: true, value: undefined };
    onChunk(next.value);
    return next;
  }

  function next(): Promise<IteratorResult<Uint8Array, void>> {
    const answer = turn.then(ask, ask);
    turn = answer;
    return answer;
  }

  return {
    chunks: {
      [Symbol.asyncIterator]: () => ({ next, return: async () => ({ done: true, value: undefined }) }),
    },
    async drain() {
      while (!(await next()).done);
    },
    failure: () => failure,
  };
}
