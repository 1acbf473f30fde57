import type { OutputStream } from './output.ts';

export interface WatchedStream {
  /**
   * Resolves when the stream took the bytes: its buffer never holds more than one chunk of ours. Rejects with the first
   * error of the stream, also one that it told before, and when it is closed.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Rejects with the error that the stream told when nothing was being written. */
  demandWell(): Promise<void>;
  /** The stream is its owner's again, once what is on its way has been taken or has failed. */
  leave(): void;
}

/**
 * Listens to a stream for as long as we write to it: Node ends the process for an 'error' that nobody listens to, and
 * tells it behind the callback of the write that failed.
 */
export function watchStream(stream: OutputStream): WatchedStream {
  let failure: { readonly cause: unknown } | undefined;
  let isTold = false;
  let isClosed = false;
  let isWriting = false;
  let isLeft = false;
  let refuse: (cause: unknown) => void = () => {};

  const fail = (cause: unknown) => {
    failure ??= { cause };
    refuse(failure.cause);
  };
  const onError = (error: unknown) => {
    isTold = true;
    fail(error);
    settle();
  };
  const onClose = () => {
    isClosed = true;
    if (isWriting) fail(stream.errored ?? closedEarly());
    isWriting = false;
    settle();
  };
  const settle = () => {
    // The 'error' of a write that fails is still to come.
    const isQuiet = isClosed || (!isWriting && (!failure || isTold));
    if (!isLeft || !isQuiet) return;
    stream.off?.('error', onError);
    stream.off?.('close', onClose);
  };

  stream.on?.('error', onError);
  stream.on?.('close', onClose);
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        const known = failure ?? (stream.errored ? { cause: stream.errored } : undefined);
        if (known) return reject(known.cause);
        if (isClosed) return reject(closedEarly());
        refuse = reject;
        isWriting = true;
        stream.write(chunk, (error) => {
          isWriting = false;
          // What a destroyed stream says of a write hides why it was destroyed.
          if (error) fail(stream.errored ?? error);
          else resolve();
          settle();
        });
      }),
    async demandWell() {
      if (failure) throw failure.cause;
    },
    leave() {
      isLeft = true;
      settle();
    },
  };
}

function closedEarly(): Error {
  return new Error('it was closed before it had taken all of it');
}
