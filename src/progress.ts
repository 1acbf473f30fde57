/** Numbers a person or program can watch; sent at most a few times a second. */
export interface Progress {
  readonly verb: 'backup' | 'restore' | 'upload' | 'download';
  /** What moves: `dataset@snapshot` or a key. */
  readonly item: string;
  /** 1-based, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Stored bytes moved so far (after the filters). */
  readonly storedBytes: number;
  /** Stream bytes moved so far (before the filters). */
  readonly streamBytes: number;
  /** Expected stream bytes, a hint. */
  readonly estimate: number | undefined;
  readonly partsInFlight: number;
  readonly retries: number;
}

export type OnProgress = (progress: Progress) => void;
