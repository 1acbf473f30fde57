import { Zfs3BackupError } from '../errors.ts';
import { reserveSharedMemory } from './shared-memory.ts';

/**
 * Reusable buffers of any size within one piece of memory: what bounds the memory of a transfer. Nothing is left to
 * the garbage collector, which would free a buffer that is not needed any more only when it likes to.
 */
export interface BufferPool {
  /** For all buffers together. */
  readonly bytes: number;
  /** A buffer of shared memory with undefined content; waits, first come first served, until there is room. Rejects with the signal's reason. */
  acquire(bytes: number, signal?: AbortSignal): Promise<Buffer>;
  /** Gives a buffer back; once per `acquire`. */
  release(buffer: Buffer): void;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Waiter {
  readonly bytes: number;
  readonly take: (buffer: Buffer) => void;
}

/** A pool of `bytes`, all of them reserved at the first `acquire`; what was never lent takes no memory. */
export function createBufferPool(bytes: number): BufferPool {
  let memory: Buffer | undefined;
  const lent = new Map<Buffer, Span>();
  const waiters = new Set<Waiter>();

  /** Where the first hole begins: the same memory is used again and again, and the higher one perhaps never. */
  function findRoom(wanted: number): number | undefined {
    let start = 0;
    for (const span of [...lent.values()].sort((a, b) => a.start - b.start)) {
      if (span.start - start >= wanted) return start;
      start = span.end;
    }
    return bytes - start >= wanted ? start : undefined;
  }

  function lend(wanted: number): Buffer | undefined {
    const start = findRoom(wanted);
    if (start === undefined) return undefined;
    memory ??= reserve(bytes);
    const buffer = memory.subarray(start, start + wanted);
    lent.set(buffer, { start, end: start + wanted });
    return buffer;
  }

  function serve(): void {
    for (const waiter of waiters) {
      const buffer = lend(waiter.bytes);
      // Who needs more than there is now is not passed over for ever by those who need less.
      if (!buffer) return;
      waiters.delete(waiter);
      waiter.take(buffer);
    }
  }

  return {
    bytes,
    async acquire(wanted, signal) {
      signal?.throwIfAborted();
      if (!(wanted > 0) || wanted > bytes) {
        throw new RangeError(`A part of ${wanted} bytes does not fit into a pool of ${bytes} bytes`);
      }
      const buffer = waiters.size === 0 ? lend(wanted) : undefined;
      if (buffer) return buffer;
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiters.delete(waiter);
          reject(signal?.reason);
          serve();
        };
        const waiter: Waiter = {
          bytes: wanted,
          take: (given) => {
            signal?.removeEventListener('abort', leave);
            resolve(given);
          },
        };
        waiters.add(waiter);
        signal?.addEventListener('abort', leave, { once: true });
      });
    },
    release(buffer) {
      if (!lent.delete(buffer)) throw new TypeError('This buffer is not out of this pool');
      serve();
    },
  };
}

function reserve(bytes: number): Buffer {
  try {
    // Shared, so that a thread can take digests of it without a copy.
    return Buffer.from(reserveSharedMemory(bytes), 0, bytes);
  } catch (cause) {
    throw new Zfs3BackupError('USAGE', `${bytes} bytes of memory for buffers are not to be had`, {
      cause,
      advice: 'Choose a smaller --max-memory.',
    });
  }
}
