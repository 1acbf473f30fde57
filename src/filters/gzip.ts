import { createGunzip, createGzip, type Gunzip } from 'node:zlib';
import { meter } from '../stream/meter.ts';
import { pipeThroughTransform } from '../stream/transform.ts';
import { corruptStream, reasonOf } from './corrupt.ts';
import type { Filter, FilterOptions } from './filter.ts';

const LEVEL = 6;
const CHUNK_BYTES = 128 * 1024;

/** gzip by Node's own zlib: one member on the way out, any number of them on the way in. */
export const gzipFilter: Filter = {
  name: 'gzip',
  commands: { encode: ['gzip', `-${LEVEL}`], decode: ['gzip', '-d'] },
  version: async () => `zlib ${process.versions.zlib}`,
  encode(source, options) {
    const create = () => createGzip({ level: LEVEL, chunkSize: CHUNK_BYTES });
    const describe = (error: unknown) => new Error(`gzip failed: ${reasonOf(error)}`, { cause: error });
    return pipeThroughTransform(create, source, { signal: options?.signal, describe });
  },
  decode: gunzip,
};

/** Decodes what any gzip or pigz wrote; bytes behind the last member are damage. */
export function gunzip(
  source: AsyncIterable<Uint8Array>,
  options: FilterOptions = {},
): AsyncIterable<Uint8Array> {
  const describe = (error: unknown) => corruptStream('gzip', reasonOf(error), error);
  let given = 0;
  let engine: Gunzip | undefined;
  const create = () => {
    engine = createGunzip({ chunkSize: CHUNK_BYTES });
    return engine;
  };
  // zlib ends without a word at a zero where a member should begin, and drops what follows.
  const isUsedUp = () => engine?.bytesWritten === given;
  const counted = meter(source, (bytes) => {
    given += bytes;
  });
  return pipeThroughTransform(create, counted, { signal: options.signal, describe, isUsedUp });
}
