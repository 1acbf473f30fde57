/**
 * A named pair of transformations between the stream and the store. What they are given is only lent: a chunk may
 * change when the next one is asked for. What they yield is not changed any more.
 */
export interface Filter {
  /** As it stands in the `compressor` metadata. */
  readonly name: string;
  /** For `--dry-run` and the format page: what a person would type, as argv lines. */
  readonly commands: { readonly encode: readonly string[]; readonly decode: readonly string[] };
  /** Towards the store. Throws what the source throws, and when the transformation failed. */
  encode(source: AsyncIterable<Uint8Array>, options?: FilterOptions): AsyncIterable<Uint8Array>;
  /** Back. Throws CORRUPT_STREAM (or ProcessFailedError) on input that is damaged or cut short. */
  decode(source: AsyncIterable<Uint8Array>, options?: FilterOptions): AsyncIterable<Uint8Array>;
}

export interface FilterOptions {
  readonly signal?: AbortSignal;
}

/** A `[compressor:NAME]` section: argv lines, no shell. */
export interface ExternalFilter {
  readonly name: string;
  readonly compress: readonly string[];
  readonly decompress: readonly string[];
}
