import { freemem } from 'node:os';

/** Bytes of memory that a process can still have here, within the container's limit where there is one. */
export function readAvailableMemory(): number {
  // Of Node 20.13; `freemem` counts what the kernel would give back as taken.
  const { availableMemory } = process as { readonly availableMemory?: () => number };
  return availableMemory?.call(process) ?? freemem();
}
