import { gunzip } from './gzip.ts';
import { decodeZstdLent } from './zstd.ts';

/** To look inside what somebody else compressed. What they yield is only lent. */
export const streamDecoders = {
  zstd: decodeZstdLent,
  gzip: (source: AsyncIterable<Uint8Array>) => gunzip(source),
};
