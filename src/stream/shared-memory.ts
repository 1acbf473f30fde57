import { MAX_PAGES, PAGE_BYTES, type WebAssemblyMemory, webAssembly } from './web-assembly.ts';

const memories = new WeakMap<ArrayBufferLike, WebAssemblyMemory>();

/**
 * Memory that all threads see, and that a WebAssembly module can work on where it lies; at least `bytes`. The kernel
 * zeroes what is touched, nobody else; what never was takes none. Throws RangeError where so much is not to be had.
 */
export function reserveSharedMemory(bytes: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (webAssembly && pages <= MAX_PAGES) {
    try {
      const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      memories.set(memory.buffer, memory);
      return memory.buffer;
    } catch {
      // It takes gigabytes of addresses besides, of which a limit (ulimit -v) may leave too few.
    }
  }
  return new SharedArrayBuffer(bytes);
}

/** The WebAssembly memory that a buffer is, where it was reserved as one. */
export function memoryBehind(buffer: ArrayBufferLike): WebAssemblyMemory | undefined {
  return memories.get(buffer);
}
