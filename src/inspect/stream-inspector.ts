/**
 * What a stream may be, and what is known of one that was seen whole. An inspector is a pure state machine over the
 * bytes of a stream: it takes no copy of them and holds no more than a header's worth.
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
  /** By name, sorted: `raw`, `large-blocks`, `embedded`, `compressed`, `resuming`, `redacted` …; unknown bits as `bit-N`. */
  readonly features: readonly string[];
}

export type StreamFacts =
  | {
      readonly kind: 'zfs';
      /** Whether it is a package (`-R`, `-I`, `-p`, `-h`). */
      readonly isPackage: boolean;
      /** In the order in which they came; exactly one where it is no package. */
      readonly streams: readonly ZfsStreamFacts[];
      readonly records: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'zstd' | 'gzip';
      readonly bytes: number;
      /** What the decoded stream was, where that was looked at. */
      readonly inner: StreamFacts | undefined;
    }
  | { readonly kind: 'unknown'; readonly bytes: number };

export interface StreamInspector {
  /** Looks at the next bytes. Throws CORRUPT_STREAM. Nothing of `chunk` is kept after the call. */
  push(chunk: Uint8Array): void;
  /** The stream is over. Throws CORRUPT_STREAM where it is cut short, or not what was expected. */
  end(): StreamFacts;
}
