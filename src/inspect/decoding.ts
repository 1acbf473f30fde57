import { setImmediate } from 'node:timers/promises';
import { Zfs3BackupError } from '../errors.ts';
import { MAKE_AGAIN } from './inspect-error.ts';

/** Decodes a compressed stream, as a filter does: throws CORRUPT_STREAM. Its chunks are only lent. */
export type Decode = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** How much is decoded before whatever else waits has its turn. */
const TURN_BYTES = 2 * 1024 ** 2;

/** A decoder that is given its input piece by piece. */
export interface Decoding {
  /** Resolves when `chunk` is used up and may change. Rejects with what the decoder, or whoever takes, throws. */
  push(chunk: Uint8Array): Promise<void>;
  /** Resolves when everything was decoded. */
  end(): Promise<void>;
  /** Stops, whatever it was doing; nothing is thrown any more. */
  close(): void;
}

export function createDecoding(
  decode: Decode,
  take: (chunk: Uint8Array) => void,
  advice = MAKE_AGAIN,
): Decoding {
  const input = createHandover();
  let isUnwanted = false;
  let failure: { readonly error: unknown } | undefined;

  async function run(): Promise<void> {
    let turn = 0;
    for await (const chunk of decode(input.source)) {
      if (isUnwanted) return;
      take(chunk);
      turn += chunk.byteLength;
      if (turn < TURN_BYTES) continue;
      turn = 0;
      await setImmediate();
    }
  }

  const running = run()
    .catch((error: unknown) => {
      failure = { error: advised(error, advice) };
    })
    .finally(input.close);
  const orThrow = () => {
    if (failure && !isUnwanted) throw failure.error;
  };
  return {
    async push(chunk) {
      await input.put(chunk);
      orThrow();
    },
    async end() {
      input.end();
      await running;
      orThrow();
    },
    close() {
      isUnwanted = true;
      input.close();
    },
  };
}

/** A decoder speaks of an object that is read; whether there is one, only the caller knows. */
function advised(error: unknown, advice: string): unknown {
  if (!(error instanceof Zfs3BackupError) || error.code !== 'CORRUPT_STREAM') return error;
  return new Zfs3BackupError(error.code, error.message, { advice, cause: error.cause });
}

/** Hands one chunk at a time to a reader. */
function createHandover() {
  let isClosed = false;
  let isEnded = false;
  let offered: Uint8Array | undefined;
  let isOut = false;
  let wake = () => {};
  let used = () => {};

  /** The reader is done with the chunk that it has. */
  function giveBack(): void {
    isOut = false;
    used();
  }

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (isOut) giveBack();
    while (!offered && !isEnded && !isClosed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const value = isClosed ? undefined : offered;
    offered = undefined;
    isOut = value !== undefined;
    return value ? { done: false, value } : { done: true, value: undefined };
  }

  function close(): void {
    isClosed = true;
    giveBack();
    wake();
  }

  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        close();
        return { done: true, value: undefined };
      },
    }),
  };

  return {
    source,
    close,
    /** Resolves when the reader asks for the next one, or has left. */
    put(chunk: Uint8Array): Promise<void> {
      if (isClosed || chunk.byteLength === 0) return Promise.resolve();
      return new Promise<void>((resolve) => {
        used = resolve;
        offered = chunk;
        wake();
      });
    },
    end(): void {
      isEnded = true;
      wake();
    },
  };
}
