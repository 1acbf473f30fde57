import { closeSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Fifo } from './fifo.ts';

/** No pipe gives more at once. */
const SLOT_BYTES = 64 * 1024;
const SLOTS = 8;
/** So much is waited for, but not for long: each chunk costs every step behind some objects and a turn. */
const GATHERED = 4;
const PATIENCE_MS = 2;

/** A pipe for the stdout of a program. */
export interface LentPipe {
  /** The descriptor to write to. */
  readonly writer: number;
  /** Once the program has it: the pipe ends when nobody has it any more. */
  closeWriter(): void;
  /**
   * What was written, in a few buffers that are used again and again: a chunk changes when the next one is asked for.
   * Node's own streams take a new buffer for each, which pile up until the garbage collector likes to look. `stop` ends
   * the reading at once. Must be called once, and closes the pipe.
   */
  read(stop: AbortSignal): AsyncGenerator<Uint8Array, void>;
  /** Instead of reading it. */
  close(): void;
}

export function createLentPipe({ reader, writer }: Fifo): LentPipe {
  let isOpen = true;
  return {
    writer,
    closeWriter() {
      if (isOpen) closeSync(writer);
      isOpen = false;
    },
    read: (stop) => readDescriptor(reader, stop),
    close: () => closeSync(reader),
  };
}

async function* readDescriptor(fd: number, stop: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const slots = createSlots();
  let isPaused = false;
  let end: { readonly error?: Error } | undefined;
  let wake = () => {};
  let patience: NodeJS.Timeout | undefined;
  const tell = () => {
    clearTimeout(patience);
    patience = undefined;
    wake();
  };
  const finish = (error?: Error) => {
    end ??= error ? { error } : {};
    tell();
  };
  const onread = {
    buffer: slots.next,
    callback(bytes: number) {
      isPaused = !slots.fill(bytes);
      if (slots.filled() >= GATHERED) tell();
      else patience ??= setTimeout(tell, PATIENCE_MS);
      return !isPaused;
    },
  };
  const socket = new Socket({ fd, readable: true, writable: false, onread } as SocketConstructorOpts);
  socket
    .on('end', () => finish())
    .on('error', finish)
    .on('close', () => finish());
  const onStop = () => socket.destroy();
  stop.addEventListener('abort', onStop, { once: true });
  try {
    if (stop.aborted) return;
    for (;;) {
      const chunk = slots.filled() >= GATHERED || !patience ? slots.take() : undefined;
      if (chunk) {
        yield chunk;
        slots.free();
        if (isPaused) socket.resume();
        isPaused = false;
      } else if (end) {
        if (end.error) throw end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    clearTimeout(patience);
    stop.removeEventListener('abort', onStop);
    socket.destroy();
  }
}

/** A ring of buffers in one piece of memory, so that full ones that lie side by side are handed on as one chunk. */
function createSlots() {
  const memory = Buffer.allocUnsafeSlow(SLOTS * SLOT_BYTES);
  const bytes = new Array<number>(SLOTS).fill(0);
  let first = 0;
  let filled = 0;
  let out = 0;

  return {
    /** The slot to fill next. One is always free: node:net asks for it before it pauses. */
    next(): Buffer {
      const at = ((first + out + filled) % SLOTS) * SLOT_BYTES;
      return memory.subarray(at, at + SLOT_BYTES);
    },
    /** So many bytes are in the slot that was asked for last. Whether there is room for more. */
    fill(read: number): boolean {
      bytes[(first + out + filled) % SLOTS] = read;
      filled += 1;
      return out + filled < SLOTS - 1;
    },
    filled: () => filled,
    /** What is there, from the first slot on as far as it goes without a gap; until `free`. */
    take(): Buffer | undefined {
      if (filled === 0) return undefined;
      let total = 0;
      for (let slot = first; out < filled && slot < SLOTS; slot += 1) {
        out += 1;
        total += bytes[slot] ?? 0;
        if (bytes[slot] !== SLOT_BYTES) break;
      }
      filled -= out;
      return memory.subarray(first * SLOT_BYTES, first * SLOT_BYTES + total);
    },
    free(): void {
      first = (first + out) % SLOTS;
      out = 0;
    },
  };
}
