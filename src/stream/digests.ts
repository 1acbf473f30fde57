import type { Worker } from 'node:worker_threads';
import { startFunctionWorker } from './function-worker.ts';

export type DigestName = 'sha256' | 'md5' | 'crc32';

/** In hex. */
export type PartDigests = { readonly [name in DigestName]?: string };

/** Takes digests in a thread of its own, one after the other; the process can end while none is awaited. */
export interface Digests {
  /**
   * `bytes` must not change until then, and should be a view of shared memory: other memory is copied first.
   * Rejects after `close`.
   */
  take(bytes: Uint8Array, names: readonly DigestName[]): Promise<PartDigests>;
  /** Ends the thread; digests that are awaited reject. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (digests: PartDigests) => void;
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
    started.on('message', (digests: PartDigests) => {
      waiting.shift()?.resolve(digests);
      if (waiting.length === 0) started.unref();
    });
    started.on('error', fail);
    started.on('exit', () => fail(new Error('The thread that takes digests has ended')));
    return started;
  }

  function take(bytes: Uint8Array, names: readonly DigestName[]): Promise<PartDigests> {
    return new Promise((resolve, reject) => {
      if (isClosed) return reject(new Error('The thread that takes digests was ended'));
      worker ??= start();
      waiting.push({ resolve, reject });
      // Without it Node would end with status 13 while a digest is awaited.
      worker.ref();
      worker.postMessage({ bytes, names });
    });
  }

  return {
    take,
    close: async () => {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

function digestInWorker(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { crc32 } = process.getBuiltinModule('node:zlib');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const digestOf = (name: DigestName, bytes: Uint8Array) =>
    name === 'crc32'
      ? crc32(bytes).toString(16).padStart(8, '0')
      : createHash(name).update(bytes).digest('hex');
  parentPort?.on('message', ({ bytes, names }: { bytes: Uint8Array; names: readonly DigestName[] }) => {
    parentPort.postMessage(Object.fromEntries(names.map((name) => [name, digestOf(name, bytes)])));
  });
}
