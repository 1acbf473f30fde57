import { Zfs3BackupError } from '../errors.ts';
import { createExternalFilter } from './external.ts';
import type { ExternalFilter, Filter } from './filter.ts';
import { gzipFilter } from './gzip.ts';
import { pigzFilters } from './pigz.ts';
import { createZstdFilter } from './zstd.ts';

/** The filters that this installation knows, by the name in the `compressor` metadata. */
export interface FilterRegistry {
  /** `none` first, then in the order they were defined. */
  readonly names: readonly string[];
  /** `undefined` for no filter at all: no name, or `none`. Throws UNKNOWN_FILTER for a name that is not known. */
  find(name: string | undefined): Filter | undefined;
  /**
   * What turns a stored body back into its stream: decrypts, then decompresses. `undefined` where it is stored as it
   * is. Throws UNKNOWN_FILTER.
   */
  decoderOf(stored: Encoded): Filter | undefined;
}

/** What a backup says of how it was encoded. */
export interface Encoded {
  readonly key: string;
  readonly compressor: string | undefined;
  readonly encryptor: string | undefined;
}

/** In any case and also empty: the predecessors were lenient there. */
const NONE = 'none';

/** The built-in filters and the predecessors' ones, and `external` ones, which win over those of the same name. */
export function createFilterRegistry(external: readonly ExternalFilter[] = []): FilterRegistry {
  const filters = new Map<string, Filter>();
  for (const filter of [...builtIn(), ...external.map(createExternalFilter)])
    filters.set(filter.name, filter);
  const names = [NONE, ...filters.keys()];
  function find(name: string | undefined): Filter | undefined {
    if (!name || name.toLowerCase() === NONE) return undefined;
    const filter = filters.get(name);
    if (filter) return filter;
    throw new Zfs3BackupError('UNKNOWN_FILTER', `There is no compressor named \`${name}\` here`, {
      advice: `Known are ${names.join(', ')}; define it in a section [compressor:${name}] with compress= and decompress=.`,
    });
  }
  return {
    names,
    find,
    decoderOf(stored) {
      refuseEncrypted(stored);
      return find(stored.compressor);
    },
  };
}

function refuseEncrypted({ key, encryptor }: Encoded): void {
  if (encryptor === undefined) return;
  throw new Zfs3BackupError(
    'UNKNOWN_FILTER',
    `${key} is encrypted with ${encryptor}, which is not known here`,
    {
      advice: 'Restore by hand: `zfs3backup_get KEY | DECRYPT | DECOMPRESS | zfs receive DATASET`.',
    },
  );
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
