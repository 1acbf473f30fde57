/** A file or device that is open for writing; on with it from where it is. */
export interface OpenFile {
  readonly descriptor: number;
}

/** What is used of a stream of Node's: any `Writable` is one. */
export interface OutputStream {
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): boolean;
}

/** Where bytes go; stays open. */
export type Output = OutputStream | OpenFile;
