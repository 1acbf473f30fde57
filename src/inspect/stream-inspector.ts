/**
 * What a stream may be, and what is known of one that was seen whole. An inspector is a state machine over the bytes
 * of a stream: it holds no more than a header's worth of them (for a package of ZFS streams the list of what it holds,
 * 64 MiB at most), and where it decodes no more than the decoder's window.
 */

/** What BEGIN of one ZFS send stream says. */
export interface ZfsStreamFacts {
  /** `dataset@snapshot` as it was called where it was sent. */
  readonly name: string;
  /** Decimal. */
  readonly guid: string;
  /** Decimal; `undefined` for a full stream. */
  readonly parentGuid: string | undefined;
  readonly createdAt: Date;
  readonly type: 'filesystem' | 'volume' | 'other';
  /** By name, sorted: `raw`, `large-blocks`, `embedded`, `compressed`, `resuming`, `redacted` …; unknown bits as `bit-N`. */
  readonly features: readonly string[];
  /** In the same way: `clone`, `case-insensitive`, `free-records`, `spill-blocks`. */
  readonly flags: readonly string[];
}

export interface ZfsFacts {
  readonly kind: 'zfs';
  /** Whether it is a package (`-R`, `-I`, `-p`, `-h`). */
  readonly isPackage: boolean;
  /** In the order in which they came; exactly one where it is no package. */
  readonly streams: readonly ZfsStreamFacts[];
  readonly records: number;
  readonly bytes: number;
}

export interface EncodedFacts {
  readonly kind: 'zstd' | 'gzip';
  readonly bytes: number;
  /** What the decoded stream was, where that was looked at. */
  readonly inner: ZfsFacts | undefined;
}

export interface UnknownFacts {
  readonly kind: 'unknown';
  readonly bytes: number;
}

export type StreamFacts = ZfsFacts | EncodedFacts | UnknownFacts;

export interface StreamInspector {
  /**
   * Looks at the next bytes; the next call waits for the promise, where there is one, and until then `chunk` must not
   * change. Throws CORRUPT_STREAM, or rejects with it.
   */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** The stream is over. Throws or rejects with CORRUPT_STREAM where it is cut short, or not what was expected. */
  end(): StreamFacts | Promise<StreamFacts>;
  /** Nobody wants to know any more: lets go of what decoding took. Always called, also after `end`. */
  close(): void;
}

/** One that never has to wait. */
export interface SyncStreamInspector<Facts extends StreamFacts = StreamFacts> extends StreamInspector {
  push(chunk: Uint8Array): undefined;
  end(): Facts;
}

/** `zfs`: a ZFS send stream, plain or in zstd or gzip. `any`: whole, where it is one of these. `none`: whatever it is. */
export type Expectation = 'zfs' | 'any' | 'none';

/** `full`: with checksums, and decoded where a ZFS send stream is inside. `frames`: only that it is framed well, and whole. */
export type InspectDepth = 'full' | 'frames';
