import { pipeThrough } from '../stream/process.ts';
import type { ExternalFilter, Filter } from './filter.ts';

/** A filter of two programs, each from stdin to stdout. */
export function createExternalFilter({ name, compress, decompress }: ExternalFilter): Filter {
  return {
    name,
    commands: { encode: compress, decode: decompress },
    encode: (source, options) => pipeThrough(compress, source, { signal: options?.signal }),
    decode: (source, options) => pipeThrough(decompress, source, { signal: options?.signal }),
  };
}
