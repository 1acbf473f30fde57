/**
 * A named pair of transformations between the stream and the store. What they are given is only lent: a chunk may
 * change when the next one is asked for. So is what `encode` yields; what `decode` yields is not changed any more.
 */
export interface Filter {
  /** As it stands in the `compressor` or `encryptor` metadata. */
  readonly name: string;
  /** For `--dry-run` and the format page: what a person would type, as argv lines. */
  readonly commands: { readonly encode: readonly string[]; readonly decode: readonly string[] };
  /** Towards the store. Throws what the source throws, and when the transformation failed. */
  encode(source: AsyncIterable<Uint8Array>, options?: FilterOptions): AsyncIterable<Uint8Array>;
  /**
   * Back. Throws CORRUPT_STREAM (or ProcessFailedError) on input that is damaged or cut short, FILTER_UNAVAILABLE
   * where the key is missing.
   */
  decode(source: AsyncIterable<Uint8Array>, options?: FilterOptions): AsyncIterable<Uint8Array>;
  /** What encoding takes of this process's memory, about, where that is much. */
  readonly memoryBytes?: number;
  /** Of the program or library behind it; `undefined` where it does not tell one. Throws only what the signal says. */
  version?(options?: FilterOptions): Promise<string | undefined>;
  /** Public names of the keys that can decrypt what `encode` makes. Throws as `checkEncode` does. */
  keyIds?(options?: FilterOptions): Promise<readonly string[]>;
  /** Throws PROGRAM_MISSING, CONFIG or FILTER_UNAVAILABLE, with a sentence, where `encode` would fail from the start. */
  checkEncode?(options?: FilterOptions): Promise<void>;
  /** The same for `decode`; of an encrypted body, also where no key that is here decrypts it. */
  checkDecode?(body: EncodedBody, options?: FilterOptions): Promise<void>;
}

export interface FilterOptions {
  readonly signal?: AbortSignal;
}

/** A body that is about to be decoded, as far as a check needs it. */
export interface EncodedBody {
  /** How a person knows it: its key. */
  readonly key: string;
  /** The first bytes of the body; fewer only where it has no more. */
  readHead(bytes: number): Promise<Uint8Array>;
}

/** A `[compressor:NAME]` or `[filter:NAME]` section: argv lines, no shell. */
export interface ExternalFilter {
  readonly name: string;
  readonly compress: readonly string[];
  readonly decompress: readonly string[];
}
