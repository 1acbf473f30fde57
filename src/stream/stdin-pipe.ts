import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Fifo } from './fifo.ts';

/** A pipe for the stdin of a program, that knows afterwards what the program did not read. */
export interface StdinPipe {
  /** For the program. */
  readonly reader: number;
  /** Once the program has it: writing then fails when nobody could read it any more. */
  closeReader(): void;
  readonly writable: Writable;
  /**
   * To be called when the last byte was written, before `writable` is ended: what lies in the pipe is kept from now on,
   * also when the program is gone.
   */
  keepUnread(): void;
  /** Whether there is something that the program did not read; known when it has exited. */
  isUnread(): boolean;
  close(): void;
}

/**
 * The kernel takes bytes off our hands that the program may never look at: a pipe holds 64 KiB, the sockets that Node
 * makes for stdin more, and what is in them when their reader exits is gone without a word. So there is a second reader
 * behind the last byte, which looks whether anything is left. Not from the beginning: with it, writing to a program
 * that has closed its stdin would wait for ever. It is had by way of Linux's `/proc`; elsewhere nobody looks.
 */
export function createStdinPipe({ reader, writer }: Fifo): StdinPipe {
  const writable = new Socket({ fd: writer, readable: false, writable: true });
  // What an EPIPE means is decided by the exit status and by what was written, not by an event.
  writable.on('error', () => {});
  let isReaderOpen = true;
  let witness: number | undefined;

  function closeReader(): void {
    if (isReaderOpen) closeSync(reader);
    isReaderOpen = false;
  }

  return {
    reader,
    closeReader,
    writable,
    keepUnread() {
      witness = openAgain(writer);
    },
    isUnread: () => witness !== undefined && hasBytes(witness),
    close() {
      closeReader();
      writable.destroy();
      if (witness !== undefined) closeSync(witness);
      witness = undefined;
    },
  };
}

function openAgain(writer: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${writer}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function hasBytes(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch {
    // EAGAIN: somebody could still write, so there was no end; nothing is there either.
    return false;
  }
}
