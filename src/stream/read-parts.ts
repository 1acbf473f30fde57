import { closeSync, fstatSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import type { BufferPool } from './buffer-pool.ts';
import { closeUnread, type DescriptorSource } from './descriptor-source.ts';
import type { DigestName } from './digests.ts';
import { startFunctionWorker } from './function-worker.ts';
import type { Part } from './parts.ts';
import { type FilledPart, type FromReader, type Lent, readInWorker } from './read-parts-worker.ts';

export interface ReadPartsOptions {
  /** The size of part `number`, from 1; no more than the pool holds. */
  readonly partBytesAt: (number: number) => number;
  /** Waiting for a free buffer is the back-pressure: hardly anything is read meanwhile. */
  readonly pool: BufferPool;
  /** Buffers that are out at most: those being filled, and those that were not given back. */
  readonly buffers: number;
  /** Digests to take of each part. */
  readonly digests: readonly DigestName[];
  /** Ends the reading at once, also while nothing comes. */
  readonly signal?: AbortSignal | undefined;
}

/** Whether `readParts` can read it: a terminal and other devices of characters are for `process.stdin`. */
export function isReadableDescriptor(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isFIFO() || stats.isSocket() || stats.isFile() || stats.isBlockDevice();
  } catch {
    return false;
  }
}

/**
 * `splitIntoParts` for a descriptor: a thread of its own reads into the parts' buffers without a copy, and takes
 * digests while the bytes are in the cache. Throws what reading throws, with its `code`.
 */
export async function* readParts(
  source: DescriptorSource,
  options: ReadPartsOptions,
): AsyncGenerator<Part, void> {
  const { fd, onBytes } = source;
  const { signal, digests } = options;
  if (signal?.aborted) {
    closeUnread(source);
    throw signal.reason;
  }
  const stats = fstatSync(fd);
  const isFile = !stats.isFIFO() && !stats.isSocket();
  const isTaken = new Int32Array(new SharedArrayBuffer(4));
  const worker = startFunctionWorker(readInWorker, {
    ...{ fd, isFile, isTaken, digests },
  });
  const inbox = createInbox(worker, signal);
  const lender = createLender(worker, options, inbox.fail);
  lender.lend();
  let read = 0;
  try {
    for (let number = 1; ; ) {
      const message = await inbox.next();
      if (message.kind === 'error') throw failureOf(message);
      if (message.read > read) onBytes?.(message.read - read);
      read = message.read;
      if (message.kind === 'end') return;
      if (message.kind === 'part') {
        yield { number, ...lender.take(message) };
        number += 1;
      }
    }
  } finally {
    inbox.close();
    await worker.terminate();
    lender.close();
    if (!isFile && isTaken[0] === 0) closeSync(fd);
  }
}

function failureOf({ message, code }: Extract<FromReader, { kind: 'error' }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** What the worker says, in order; `next` throws the signal's reason once it is aborted. */
function createInbox(worker: Worker, signal: AbortSignal | undefined) {
  const messages: FromReader[] = [];
  let wake = () => {};
  const put = (message: FromReader) => {
    messages.push(message);
    wake();
  };
  const fail = (error: Error) => put({ kind: 'error', message: error.message, code: undefined });
  const onExit = () => fail(new Error('The thread that reads has ended too early'));
  const onAbort = () => wake();
  worker.on('message', put).on('error', fail).on('exit', onExit);
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    fail,
    async next(): Promise<FromReader> {
      for (;;) {
        signal?.throwIfAborted();
        const message = messages.shift();
        if (message) return message;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close(): void {
      signal?.removeEventListener('abort', onAbort);
      worker.off('exit', onExit).off('message', put);
    },
  };
}

/** Lends buffers of the pool to the worker, which fills them in this order. */
function createLender(worker: Worker, options: ReadPartsOptions, fail: (error: Error) => void) {
  const { pool, partBytesAt, buffers } = options;
  const closed = new AbortController();
  const lent: Buffer[] = [];
  let number = 0;
  let out = 0;
  let isLending = false;

  async function lendAll(): Promise<void> {
    if (isLending) return;
    isLending = true;
    try {
      while (out < buffers && !closed.signal.aborted) {
        number += 1;
        out += 1;
        const buffer = await pool.acquire(partBytesAt(number), closed.signal);
        lent.push(buffer);
        const { buffer: memory, byteOffset: offset, byteLength: bytes } = buffer;
        worker.postMessage({ memory: memory as unknown as SharedArrayBuffer, offset, bytes } satisfies Lent);
      }
    } catch (error) {
      if (!closed.signal.aborted) fail(error as Error);
    } finally {
      isLending = false;
    }
  }

  const lend = () => void lendAll();

  return {
    lend,
    take({ bytes, last, digests }: FilledPart): Omit<Part, 'number'> {
      const buffer = lent.shift() as Buffer;
      let isOut = true;
      const release = () => {
        if (!isOut) return;
        isOut = false;
        out -= 1;
        pool.release(buffer);
        lend();
      };
      return { bytes: buffer.subarray(0, bytes), last, digests, release };
    },
    /** After the worker has ended: it writes into what was lent. */
    close(): void {
      closed.abort();
      for (const buffer of lent.splice(0)) pool.release(buffer);
    },
  };
}
