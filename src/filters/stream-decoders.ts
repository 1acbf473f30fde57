import { gunzip } from './gzip.ts';
import { createZstdFilter } from './zstd.ts';

/** To look inside what somebody else compressed; made of what restores decode with. */
export const streamDecoders = {
  zstd: (source: AsyncIterable<Uint8Array>) => createZstdFilter().decode(source),
  gzip: (source: AsyncIterable<Uint8Array>) => gunzip(source),
};
