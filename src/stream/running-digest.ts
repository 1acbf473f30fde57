import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { hexOfCrc32 } from './crc32.ts';
import type { DigestName } from './digests.ts';
import { startFunctionWorker } from './function-worker.ts';

/** One digest of bytes that come piece by piece. */
export interface RunningDigest {
  /**
   * Pieces in their order. `bytes` must not change until this resolves, and should be a view of shared memory: other
   * memory is copied first. Rejects after `close`.
   */
  add(bytes: Uint8Array): Promise<void>;
  /** Of all that was added, once, in hex. */
  hex(): Promise<string>;
  close(): void;
}

/** On this thread: for so little that starting another one costs more. */
export function createRunningDigest(name: DigestName): RunningDigest {
  const hash = name === 'crc32' ? undefined : createHash(name);
  let crc = 0;
  return {
    add: async (bytes) => {
      if (hash) hash.update(bytes);
      else crc = crc32(bytes, crc);
    },
    hex: async () => hash?.digest('hex') ?? hexOfCrc32(crc),
    close: () => {},
  };
}

/** The same in a thread of its own. */
export function createDigestThread(name: DigestName): RunningDigest {
  const worker = startFunctionWorker(digestInWorker, name);
  const waiting: Array<{ resolve: (answer: string) => void; reject: (error: Error) => void }> = [];
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  worker.on('message', (answer: string) => {
    waiting.shift()?.resolve(answer);
    if (waiting.length === 0) worker.unref();
  });
  worker.on('error', end);
  worker.on('exit', () => end(new Error('The thread that takes the digest has ended')));

  function ask(bytes: Uint8Array | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      waiting.push({ resolve, reject });
      // Without it Node would end with status 13 while an answer is awaited.
      worker.ref();
      worker.postMessage(bytes);
    });
  }

  return {
    add: async (bytes) => void (await ask(bytes)),
    hex: () => ask(undefined),
    close: () => {
      end(new Error('The thread that takes the digest was ended'));
      void worker.terminate();
    },
  };
}

function digestInWorker(name: DigestName): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { crc32 } = process.getBuiltinModule('node:zlib');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const hash = name === 'crc32' ? undefined : createHash(name);
  let crc = 0;
  parentPort?.on('message', (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) parentPort.postMessage(hash?.digest('hex') ?? crc.toString(16).padStart(8, '0'));
    else {
      if (hash) hash.update(bytes);
      else crc = crc32(bytes, crc);
      parentPort.postMessage('');
    }
  });
}
