import { type DownloadOptions, openDownload } from '../../src/transfer/download.ts';

/** The bytes of an object. */
export async function* download(options: DownloadOptions): AsyncGenerator<Uint8Array, void> {
  const { chunks } = await openDownload(options);
  yield* chunks;
}
