/** A file or device that is open for writing; on with it from where it is. */
export interface OpenFile {
  readonly descriptor: number;
}

/** What is used of a stream of Node's: any `Writable` is one. */
export interface OutputStream {
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): boolean;
  /** What has no events cannot fail but by its callback. */
  on?(event: 'error' | 'close', listener: (error?: Error) => void): unknown;
  off?(event: 'error' | 'close', listener: (error?: Error) => void): unknown;
  /** Why it was destroyed. */
  readonly errored?: Error | null | undefined;
}

/** Where bytes go; stays open. */
export type Output = OutputStream | OpenFile;
