/** The half of `read-parts.ts` that runs in a thread of its own. Self-contained: see `function-worker.ts`. */

import type { DigestName, PartDigests } from './digests.ts';

export interface ReaderData {
  readonly fd: number;
  /** Pipes and sockets are read when they have something; files always have. */
  readonly isFile: boolean;
  /** Shared; set when the descriptor is the worker's to close. */
  readonly isTaken: Int32Array;
  readonly digests: readonly DigestName[];
}

/** To the worker: room for a part, in the order of the parts. */
export interface Lent {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
  readonly bytes: number;
}

export interface FilledPart {
  readonly kind: 'part';
  readonly bytes: number;
  readonly last: boolean;
  readonly digests: PartDigests;
  /** All that was read so far, of later parts as well. */
  readonly read: number;
}

/** From the worker; parts in the order in which their room was lent. */
export type FromReader =
  | FilledPart
  | { readonly kind: 'read'; readonly read: number }
  | { readonly kind: 'end'; readonly read: number }
  | { readonly kind: 'error'; readonly message: string; readonly code: string | undefined };

export function readInWorker({ fd, isFile, isTaken, digests }: ReaderData): void {
  const fs = process.getBuiltinModule('node:fs');
  const net = process.getBuiltinModule('node:net');
  const zlib = process.getBuiltinModule('node:zlib');
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const port = parentPort as NonNullable<typeof parentPort>;

  /** No pipe holds more, and what was read is still in the cache when it is hashed. */
  const STEP = isFile ? 1024 * 1024 : 256 * 1024;
  const TELL_MS = 100;
  const lent: Uint8Array[] = [];
  let filling: Uint8Array | undefined;
  let filled = 0;
  let crc = 0;
  let hashes = startHashes();
  let total = 0;
  let toldAt = 0;
  /** Filled, and not told before it is known whether it is the last. */
  let full: Omit<FilledPart, 'last' | 'read'> | undefined;
  /** What is read while no room is lent; node:net chooses it also for the first read after a pause. */
  const spare = new Uint8Array(64 * 1024);
  let pending: Uint8Array | undefined;
  let isReading = false;
  let start = isFile ? readFile : readSocket;

  function part(): Uint8Array | undefined {
    filling ??= lent.shift();
    return filling;
  }

  function target(): Uint8Array {
    return part()?.subarray(filled, filled + STEP) ?? spare;
  }

  /** Without room only as far as it takes to know whether the full part is the last. */
  function wantsMore(): boolean {
    return !pending && (part() !== undefined || full !== undefined);
  }

  function take(read: number, into: Uint8Array): void {
    total += read;
    if (into === spare) {
      pending = spare.subarray(0, read);
      place();
    } else advance(read);
    tellFull(false);
    const now = Date.now();
    if (now - toldAt < TELL_MS) return;
    toldAt = now;
    tell({ kind: 'read', read: total });
  }

  function place(): void {
    while (pending) {
      const into = target();
      if (into === spare) return;
      const piece = pending.subarray(0, into.byteLength);
      into.set(piece);
      pending = piece.byteLength < pending.byteLength ? pending.subarray(piece.byteLength) : undefined;
      advance(piece.byteLength);
    }
  }

  /** So many bytes more are in the part. */
  function advance(bytes: number): void {
    const into = filling as Uint8Array;
    const fresh = into.subarray(filled, filled + bytes);
    for (const { hash } of hashes) hash.update(fresh);
    if (digests.includes('crc32')) crc = zlib.crc32(fresh, crc);
    filled += bytes;
    if (filled === into.byteLength) finish();
  }

  function finish(): void {
    tellFull(false);
    full = { kind: 'part', bytes: filled, digests: takeDigests() };
    filling = undefined;
    filled = 0;
  }

  function startHashes() {
    return digests.flatMap((name) => (name === 'crc32' ? [] : [{ name, hash: createHash(name) }]));
  }

  function takeDigests(): PartDigests {
    const taken = Object.fromEntries(hashes.map(({ name, hash }) => [name, hash.digest('hex')]));
    const sum = digests.includes('crc32') ? { crc32: crc.toString(16).padStart(8, '0') } : {};
    hashes = startHashes();
    crc = 0;
    return { ...taken, ...sum };
  }

  function tellFull(last: boolean): void {
    // Behind a full part something is known to come once there is something of it.
    if (!full || !(last || filled > 0 || pending)) return;
    tell({ ...full, last, read: total });
    full = undefined;
  }

  function tell(message: FromReader): void {
    port.postMessage(message);
  }

  function end(): void {
    if (filled > 0) finish();
    tellFull(true);
    tell({ kind: 'end', read: total });
    port.close();
  }

  function fail(error: NodeJS.ErrnoException): void {
    tell({ kind: 'error', message: error.message, code: error.code });
    port.close();
  }

  function readFile(): void {
    isReading = true;
    const into = target();
    fs.read(fd, into, 0, into.byteLength, null, (error, read) => {
      isReading = false;
      if (error) return fail(error);
      if (read === 0) return end();
      take(read, into);
      if (wantsMore()) readFile();
    });
  }

  function readSocket(): void {
    isReading = true;
    const onread: import('node:net').OnReadOpts = {
      buffer: target,
      callback: (read, into) => {
        take(read, into);
        if (wantsMore()) return true;
        isReading = false;
        socket.pause();
        return false;
      },
    };
    Atomics.store(isTaken, 0, 1);
    const options = { fd, readable: true, writable: false, onread };
    const socket = new net.Socket(options as import('node:net').SocketConstructorOpts);
    start = () => {
      isReading = true;
      socket.resume();
    };
    socket.on('end', end);
    socket.on('error', fail);
  }

  port.on('message', ({ memory, offset, bytes }: Lent) => {
    lent.push(new Uint8Array(memory, offset, bytes));
    place();
    tellFull(false);
    if (!isReading && wantsMore()) start();
  });
}
