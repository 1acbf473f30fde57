import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** What a command may touch of its process; the launchers pass the real ones, tests their own. */
export interface CommandIo {
  /** Without the program and script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** The descriptor behind stdin: a pipe or file there is read without its stream, which then stays untouched. */
  readonly stdinDescriptor?: number;
  readonly stdout: OutputStream;
  /** The descriptor behind stdout: bytes for a file there are written without its stream, which drops what is not taken. */
  readonly stdoutDescriptor?: number;
  readonly stderr: OutputStream;
  /** Emits SIGINT, SIGTERM and SIGHUP. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** How an output wants its text. */
export interface Terminal {
  readonly interactive: boolean;
  readonly color: boolean;
  readonly columns: number;
}

const PIPE_COLUMNS = 80;

export function readTerminal(stream: OutputStream, env: CommandIo['env']): Terminal {
  const interactive = stream.isTTY === true;
  const color = interactive && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return { interactive, color, columns: stream.columns || PIPE_COLUMNS };
}

/** Resolves when the stream took the text; a reader that went away (`| head`) is not an error. */
export function writeText(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (text === '' || stream.destroyed) return resolve();
    stream.write(text, (error) => (error && !isClosedPipe(error) ? reject(error) : resolve()));
  });
}

export function isClosedPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
