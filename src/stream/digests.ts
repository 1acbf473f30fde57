import type { Worker } from 'node:worker_threads';
import { startFunctionWorker } from './function-worker.ts';

/** Takes digests in a thread of its own, one after the other; the process can end while none is awaited. */
export interface Digests {
  /**
   * SHA-256 in hex. `bytes` must not change until then, and should be a view of shared memory: other memory is
   * copied first. Rejects after `close`.
   */
  sha256(bytes: Uint8Array): Promise<string>;
  /** Ends the thread; digests that are awaited reject. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (digest: string) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with the first digest. One keeps up with more than 1 GiB/s where the CPU has SHA instructions. */
export function createDigests(): Digests {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let isClosed = false;

  function start(): Worker {
    const started = startFunctionWorker(digestInWorker, undefined);
    const fail = (error: Error) => {
      if (worker === started) worker = undefined;
      for (const { reject } of waiting.splice(0)) reject(error);
    };
    started.on('message', (digest: string) => {
      waiting.shift()?.resolve(digest);
      if (waiting.length === 0) started.unref();
    });
    started.on('error', fail);
    started.on('exit', () => fail(new Error('The thread that takes digests has ended')));
    return started;
  }

  return {
    sha256: (bytes) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error('The thread that takes digests was ended'));
        worker ??= start();
        waiting.push({ resolve, reject });
        // Without it Node would end with status 13 while a digest is awaited.
        worker.ref();
        worker.postMessage(bytes);
      }),
    close: async () => {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

function digestInWorker(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  parentPort?.on('message', (bytes: Uint8Array) => {
    parentPort.postMessage(createHash('sha256').update(bytes).digest('hex'));
  });
}
