import { ProcessFailedError } from '../errors.ts';
import { pipeThrough } from '../stream/process.ts';
import { createExternalFilter } from './external.ts';
import type { Filter, FilterOptions } from './filter.ts';
import { gunzip } from './gzip.ts';
import { readVersion } from './program.ts';

const DECOMPRESS = ['pigz', '-d'];

/** The compressors of z3, by pigz. */
export const pigzFilters: readonly Filter[] = [1, 4].map((level) =>
  createPigzFilter(`pigz${level}`, ['pigz', `-${level}`, '--blocksize', '4096'], DECOMPRESS),
);

/** A filter by pigz (the argv lines may name another one); without it, decoding is done by the built-in gzip. */
export function createPigzFilter(
  name: string,
  compress: readonly string[],
  decompress: readonly string[],
): Filter {
  const external = createExternalFilter({ name, compress, decompress });
  const { checkDecode: _, ...rest } = external;
  return {
    ...rest,
    // By hand gzip does as well, and is there where pigz is not.
    commands: { encode: compress, decode: ['gzip', '-d'] },
    version: (options) => readVersion(['pigz', '--version'], options),
    decode: (source, options) => decodeWithOrWithout(decompress, source, options),
  };
}

async function* decodeWithOrWithout(
  argv: readonly string[],
  source: AsyncIterable<Uint8Array>,
  options: FilterOptions = {},
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* pipeThrough(argv, source, { signal: options.signal });
  } catch (error) {
    if (!isMissing(error, argv)) throw error;
    // A program that could not be started has not taken a byte of the source.
    yield* gunzip(source, options);
  }
}

/** Whether it is this very program that is missing, and not one that the source needs. */
function isMissing(error: unknown, argv: readonly string[]): boolean {
  return error instanceof ProcessFailedError && error.code === 'PROGRAM_MISSING' && error.command === argv;
}
