import { memoryBehind, reserveSharedMemory } from '../stream/shared-memory.ts';
import {
  PAGE_BYTES,
  type WebAssemblyGlobal,
  type WebAssemblyMemory,
  webAssembly,
} from '../stream/web-assembly.ts';
import { FLETCHER4_MODULE } from './fletcher4-module.ts';

/** ZFS's checksum of send streams, running. The words of a stream must have come whole before sums are looked at. */
export interface Fletcher4 {
  /** Begins anew; `littleEndian`: the byte order of the words. */
  start(littleEndian: boolean): void;
  /** Adds a piece of the stream; words may be cut by its ends. */
  add(bytes: Uint8Array, from: number, to: number): void;
  /** Four numbers of 64 bits. */
  sums(): Sums;
}

export type Sums = readonly [bigint, bigint, bigint, bigint];

/** Words one after the other, in their byte order. */
interface Summing {
  start(littleEndian: boolean): void;
  /** A multiple of 4 bytes. */
  add(bytes: Uint8Array, from: number, to: number): void;
  sums(): Sums;
}

/**
 * WebAssembly where there is SIMD: about 60 ms a GiB for bytes that lie in shared memory (`reserveSharedMemory`), twice
 * that for others, which are copied first. Without it 2.5 s.
 */
export function createFletcher4(summing: Summing = createFastSumming() ?? createPlainSumming()): Fletcher4 {
  const word = new Uint8Array(4);
  let cut = 0;
  return {
    start(littleEndian) {
      cut = 0;
      summing.start(littleEndian);
    },
    add(bytes, start, end) {
      let from = start;
      for (; cut > 0 && cut < 4 && from < end; from += 1, cut += 1) word[cut] = bytes[from] as number;
      if (cut === 4) {
        summing.add(word, 0, 4);
        cut = 0;
      }
      const whole = end - ((end - from) & 3);
      if (from < whole) summing.add(bytes, from, whole);
      for (let at = Math.max(from, whole); at < end; at += 1, cut += 1) word[cut] = bytes[at] as number;
    },
    sums: summing.sums,
  };
}

interface ModuleExports {
  readonly a: WebAssemblyGlobal;
  readonly b: WebAssemblyGlobal;
  readonly c: WebAssemblyGlobal;
  readonly d: WebAssemblyGlobal;
  readonly add: (at: number, bytes: number, swap: 0 | 1) => void;
}

let compiled: object | undefined;

/** `undefined` where WebAssembly or its SIMD is missing. */
export function createFastSumming(): Summing | undefined {
  const window = reserveSharedMemory(PAGE_BYTES);
  const own = memoryBehind(window);
  if (!webAssembly || !own) return undefined;
  const { Module, Instance } = webAssembly;
  try {
    compiled ??= new Module(Buffer.from(FLETCHER4_MODULE, 'base64'));
  } catch {
    return undefined;
  }
  const module = compiled;
  const start = (host: WebAssemblyMemory) =>
    new Instance(module, { host: { memory: host } }).exports as ModuleExports;
  const windowBytes = new Uint8Array(window);
  const instances = new Map<WebAssemblyMemory, ModuleExports>();
  const ownInstance = start(own);
  let current = ownInstance;
  let swap: 0 | 1 = 0;

  function moveTo(next: ModuleExports): ModuleExports {
    if (next === current) return next;
    for (const name of ['a', 'b', 'c', 'd'] as const) next[name].value = current[name].value;
    current = next;
    return next;
  }

  function instanceFor(memory: WebAssemblyMemory): ModuleExports {
    const there = instances.get(memory) ?? start(memory);
    instances.set(memory, there);
    return there;
  }

  return {
    start(littleEndian) {
      swap = littleEndian ? 0 : 1;
      for (const name of ['a', 'b', 'c', 'd'] as const) current[name].value = 0n;
    },
    add(bytes, from, to) {
      const memory = memoryBehind(bytes.buffer);
      if (memory) return moveTo(instanceFor(memory)).add(bytes.byteOffset + from, to - from, swap);
      const instance = moveTo(ownInstance);
      for (let at = from; at < to; at += PAGE_BYTES) {
        const end = Math.min(to, at + PAGE_BYTES);
        windowBytes.set(bytes.subarray(at, end));
        instance.add(0, end - at, swap);
      }
    },
    sums() {
      const { a, b, c, d } = current;
      return [unsigned(a.value), unsigned(b.value), unsigned(c.value), unsigned(d.value)];
    },
  };
}

/** So few words that their sums are exact as numbers: the fourth is less than words⁴ / 24 · 2³². */
const EXACT_WORDS = 64;

/** The same in plain numbers, for where there is nothing better. */
export function createPlainSumming(): Summing {
  let isLittle = true;
  let sums: Sums = [0n, 0n, 0n, 0n];

  function addFew(view: DataView, from: number, to: number): void {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let at = from; at < to; at += 4) {
      a += view.getUint32(at, isLittle);
      b += a;
      c += b;
      d += c;
    }
    const n = BigInt((to - from) / 4);
    const second = (n * (n + 1n)) / 2n;
    const third = (second * (n + 2n)) / 3n;
    const [a0, b0, c0, d0] = sums;
    sums = [
      unsigned(a0 + BigInt(a)),
      unsigned(b0 + n * a0 + BigInt(b)),
      unsigned(c0 + n * b0 + second * a0 + BigInt(c)),
      unsigned(d0 + n * c0 + second * b0 + third * a0 + BigInt(d)),
    ];
  }

  return {
    start(littleEndian) {
      isLittle = littleEndian;
      sums = [0n, 0n, 0n, 0n];
    },
    add(bytes, from, to) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = from; at < to; at += EXACT_WORDS * 4) {
        addFew(view, at, Math.min(to, at + EXACT_WORDS * 4));
      }
    },
    sums: () => sums,
  };
}

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
