/** As much of WebAssembly as is used here; Node's own types leave it out. */
export interface WebAssemblyMemory {
  readonly buffer: SharedArrayBuffer;
}

export interface WebAssemblyGlobal {
  value: bigint;
}

interface MemorySize {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: true;
}

interface WebAssemblyApi {
  readonly Memory: new (size: MemorySize) => WebAssemblyMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

/** `undefined` where Node runs without it. */
export const webAssembly = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly;

export const PAGE_BYTES = 64 * 1024;
/** One less than 32 bits can address, so that the end of a memory is a number of 32 bits, too. */
export const MAX_PAGES = 65_535;
