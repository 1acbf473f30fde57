import { Zfs3BackupError } from '../errors.ts';
import { type AgeKeys, createAgeFilter } from './age.ts';
import { chainFilters, type FilterChain } from './chain.ts';
import { createExternalFilter } from './external.ts';
import type { EncodedBody, ExternalFilter, Filter, FilterOptions } from './filter.ts';
import { createGpgFilter, type GpgKeys } from './gpg.ts';
import { gzipFilter } from './gzip.ts';
import { pigzFilters } from './pigz.ts';
import { createZstdFilter } from './zstd.ts';

/** The filters that this installation knows, by the name in the metadata. */
export interface FilterRegistry {
  /** Compressors: `none` first, then in the order they were defined. */
  readonly names: readonly string[];
  readonly encryptors: readonly string[];
  /** A compressor. `undefined` for no filter at all: no name, or `none`. Throws UNKNOWN_FILTER for a name that is not known. */
  find(name: string | undefined): Filter | undefined;
  /** The same for what encrypts. */
  findEncryptor(name: string | undefined): Filter | undefined;
  /** What a stream goes through to the store: the compressor, then the encryptor. Throws UNKNOWN_FILTER. */
  encoderOf(wanted: Omit<Encoded, 'key'>): FilterChain | undefined;
  /**
   * What turns a stored body back into its stream: decrypts, then decompresses. `undefined` where it is stored as it
   * is. Throws UNKNOWN_FILTER.
   */
  decoderOf(stored: Encoded): FilterChain | undefined;
  /**
   * Whether `decoderOf(stored)` would work here, with a sentence where not: UNKNOWN_FILTER, PROGRAM_MISSING, or
   * FILTER_UNAVAILABLE where no key that is here decrypts it. `readHead` is asked for the first bytes of the body only
   * where that is encrypted.
   */
  checkDecoder(stored: Encoded, readHead: EncodedBody['readHead'], options?: FilterOptions): Promise<void>;
}

/** What a backup says of how it was encoded. */
export interface Encoded {
  readonly key: string;
  readonly compressor: string | undefined;
  readonly encryptor: string | undefined;
}

/** What encrypting and decrypting needs to know. */
export interface Encryption {
  readonly age?: AgeKeys;
  readonly gpg?: GpgKeys;
  /** Those of `[filter:NAME]` sections. */
  readonly external?: readonly ExternalFilter[];
}

/** In any case and also empty: the predecessors were lenient there. */
const NONE = 'none';

/** The built-in filters and the predecessors' ones, and `external` ones, which win over those of the same name. */
export function createFilterRegistry(
  external: readonly ExternalFilter[] = [],
  encryption: Encryption = {},
): FilterRegistry {
  const others = (encryption.external ?? []).map(createExternalFilter);
  const compressors = byName([...builtIn(), ...external.map(createExternalFilter), ...others]);
  const encryptors = byName([createAgeFilter(encryption.age), createGpgFilter(encryption.gpg), ...others]);
  const find = (name: string | undefined) => findIn(compressors, name, unknownCompressor);
  const findEncryptor = (name: string | undefined) => findIn(encryptors, name, unknownEncryptor);
  const decoderOf = (stored: Encoded) =>
    chainFilters(
      naming(stored, `compressed with ${stored.compressor}`, () => find(stored.compressor)),
      naming(stored, `encrypted with ${stored.encryptor}`, () => findEncryptor(stored.encryptor)),
    );
  return {
    names: [NONE, ...compressors.keys()],
    encryptors: [NONE, ...encryptors.keys()],
    find,
    findEncryptor,
    encoderOf: ({ compressor, encryptor }) => chainFilters(find(compressor), findEncryptor(encryptor)),
    decoderOf,
    async checkDecoder(stored, readHead, options) {
      await decoderOf(stored)?.checkDecode({ key: stored.key, readHead }, options);
    },
  };
}

/** Those of a verb: what this installation brings along where the caller names none. */
export function filtersOf({ filters }: { readonly filters?: FilterRegistry | undefined }): FilterRegistry {
  if (filters) return filters;
  // One for all calls, since filters keep native memory for their next use.
  builtInFilters ??= createFilterRegistry();
  return builtInFilters;
}

let builtInFilters: FilterRegistry | undefined;

function byName(filters: readonly Filter[]): ReadonlyMap<string, Filter> {
  return new Map(filters.map((filter) => [filter.name, filter]));
}

function findIn(
  filters: ReadonlyMap<string, Filter>,
  name: string | undefined,
  unknown: (name: string, known: string) => Zfs3BackupError,
): Filter | undefined {
  if (!name || name.toLowerCase() === NONE) return undefined;
  const filter = filters.get(name);
  if (filter) return filter;
  throw unknown(name, [NONE, ...filters.keys()].join(', '));
}

function unknownCompressor(name: string, known: string): Zfs3BackupError {
  return new Zfs3BackupError('UNKNOWN_FILTER', `There is no compressor named \`${name}\` here`, {
    advice: `Known are ${known}; define it in a section [compressor:${name}] with compress= and decompress=.`,
  });
}

function unknownEncryptor(name: string, known: string): Zfs3BackupError {
  return new Zfs3BackupError('UNKNOWN_FILTER', `There is no encryptor named \`${name}\` here`, {
    advice: `Known are ${known}; define it in a section [filter:${name}] with encode= and decode=.`,
  });
}

/** Which backup it was matters more than the name of the filter. */
function naming(
  { key, encryptor }: Encoded,
  how: string,
  find: () => Filter | undefined,
): Filter | undefined {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    const decode = encryptor ? 'DECRYPT | DECOMPRESS' : 'DECOMPRESS';
    throw new Zfs3BackupError('UNKNOWN_FILTER', `${key} is ${how}, which is not known here`, {
      advice: `${error.advice} By hand: \`zfs3backup_get KEY | ${decode} | zfs receive DATASET\`.`,
      cause: error,
    });
  }
}

function builtIn(): readonly Filter[] {
  return [
    createZstdFilter(),
    gzipFilter,
    ...pigzFilters,
    // The Python zfs3backup wrote these two.
    createZstdFilter('zstd3'),
    createExternalFilter({
      name: 'pbzip2',
      compress: ['pbzip2', '-c'],
      decompress: ['pbzip2', '-c', '-d'],
    }),
  ];
}
