/** Reusable buffers of one size: what bounds the memory of a transfer. */
export interface BufferPool {
  readonly count: number;
  readonly bufferBytes: number;
  /** A buffer with undefined content; waits while all are out. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<Buffer>;
  /** Gives a buffer back; once per `acquire`. */
  release(buffer: Buffer): void;
}

interface Waiter {
  readonly take: (buffer: Buffer) => void;
}

/** A pool of `count` buffers of `bufferBytes` each; none is allocated before it is needed. */
export function createBufferPool(count: number, bufferBytes: number): BufferPool {
  const free: Buffer[] = [];
  const lent = new Set<Buffer>();
  const waiters = new Set<Waiter>();

  function lend(buffer: Buffer): Buffer {
    lent.add(buffer);
    return buffer;
  }

  return {
    count,
    bufferBytes,
    async acquire(signal) {
      signal?.throwIfAborted();
      const buffer = free.pop();
      if (buffer) return lend(buffer);
      // Not of the shared slab, and not zeroed: every byte handed on is written before.
      if (lent.size < count) return lend(Buffer.allocUnsafeSlow(bufferBytes));
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiters.delete(waiter);
          reject(signal?.reason);
        };
        const waiter: Waiter = {
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
      if (!lent.has(buffer)) throw new TypeError('This buffer is not out of this pool');
      const [waiter] = waiters;
      if (waiter) {
        waiters.delete(waiter);
        waiter.take(buffer);
      } else {
        lent.delete(buffer);
        free.push(buffer);
      }
    },
  };
}
