import { pipeThrough } from '../stream/process.ts';
import type { ExternalFilter, Filter } from './filter.ts';
import { demandProgram } from './program.ts';

/** A filter of two programs, each from stdin to stdout. */
export function createExternalFilter({ name, compress, decompress }: ExternalFilter): Filter {
  return {
    name,
    commands: { encode: compress, decode: decompress },
    encode: (source, options) => pipeThrough(compress, source, { signal: options?.signal, lend: true }),
    decode: (source, options) => pipeThrough(decompress, source, { signal: options?.signal }),
    checkEncode: (options) => demandProgram(compress, options),
    // What its output looks like before its input is whole, nobody knows: so no head is tried.
    checkDecode: (_body, options) => demandProgram(decompress, options),
  };
}
