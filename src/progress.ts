/** Numbers a person or program can watch; told as often as they change, which may be thousands of times a second. */
export interface Progress {
  readonly verb: 'backup' | 'restore' | 'upload' | 'download' | 'verify';
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
  /** Of the stored bytes: those that an earlier run had stored, so that they were not sent again. */
  readonly skippedBytes: number;
  readonly partsInFlight: number;
  readonly retries: number;
}

export type OnProgress = (progress: Progress) => void;

type Stored = Pick<Progress, 'storedBytes' | 'partsInFlight' | 'retries'> &
  Partial<Pick<Progress, 'skippedBytes'>>;

/** Tells of both ends of a transfer whenever one of them moves: what is read, and what of it is stored. */
export function joinProgress(
  onProgress: OnProgress | undefined,
  about: Pick<Progress, 'verb' | 'item' | 'step' | 'steps' | 'estimate'>,
) {
  let streamBytes = 0;
  let stored = { storedBytes: 0, skippedBytes: 0, partsInFlight: 0, retries: 0 };
  const tell = () => onProgress?.({ ...about, ...stored, streamBytes });
  return {
    read(bytes: number): void {
      streamBytes += bytes;
      tell();
    },
    stored({ storedBytes, skippedBytes = 0, partsInFlight, retries }: Stored): void {
      stored = { storedBytes, skippedBytes, partsInFlight, retries };
      tell();
    },
    streamBytes: () => streamBytes,
    retries: () => stored.retries,
  };
}
