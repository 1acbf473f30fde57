import type { RecordedFilter } from '../lineage/record.ts';
import type { EncodedBody, Filter, FilterOptions } from './filter.ts';

type Stream = AsyncIterable<Uint8Array>;

/** Filters one behind the other, as one. */
export interface FilterChain {
  /** In the order in which the stream goes through them to the store. */
  readonly filters: readonly Filter[];
  /** Argv lines, each in the order in which a person would pipe them. */
  readonly commands: {
    readonly encode: readonly (readonly string[])[];
    readonly decode: readonly (readonly string[])[];
  };
  /** What encoding takes of this process's memory, about. */
  readonly memoryBytes: number;
  encode(source: Stream, options?: FilterOptions): Stream;
  decode(source: Stream, options?: FilterOptions): Stream;
  /** Throws where `encode` would fail from the start: a program is missing, or a recipient. */
  checkEncode(options?: FilterOptions): Promise<void>;
  /**
   * Throws where `decode` would fail from the start: a program is missing, or no key that is here decrypts this body.
   * Reads its head only where that is encrypted.
   */
  checkDecode(body: EncodedBody, options?: FilterOptions): Promise<void>;
  /** For the record of what `encode` made. Throws as `checkEncode` does. */
  describe(options?: FilterOptions): Promise<readonly RecordedFilter[]>;
}

/** The compressor first, then the encryptor; `undefined` where there is neither. */
export function chainFilters(...parts: readonly (Filter | undefined)[]): FilterChain | undefined {
  const filters = parts.filter((filter) => filter !== undefined);
  if (filters.length === 0) return undefined;
  const backwards = filters.toReversed();
  return {
    filters,
    commands: {
      encode: filters.map(({ commands }) => commands.encode),
      decode: backwards.map(({ commands }) => commands.decode),
    },
    memoryBytes: filters.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0),
    encode: (source, options) => filters.reduce((stream, filter) => filter.encode(stream, options), source),
    decode: (source, options) => backwards.reduce((stream, filter) => filter.decode(stream, options), source),
    async checkEncode(options) {
      for (const filter of filters) await filter.checkEncode?.(options);
    },
    async checkDecode(body, options) {
      // Only the outermost sees the body as it is stored, and only that one is an encryptor.
      for (const filter of backwards) await filter.checkDecode?.(body, options);
    },
    describe: (options) => Promise.all(filters.map((filter) => describeFilter(filter, options))),
  };
}

async function describeFilter(filter: Filter, options?: FilterOptions): Promise<RecordedFilter> {
  const version = (await filter.version?.(options)) ?? null;
  const keyIds = await filter.keyIds?.(options);
  return { name: filter.name, version, ...(keyIds ? { keyIds } : {}) };
}
