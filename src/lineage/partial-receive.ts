/** What an interrupted receive left at a dataset, to be gone on with or dropped. */
export interface PartialReceive {
  /** Of the snapshot that was being received, decimal; `undefined` where nobody can tell. */
  readonly guid: string | undefined;
  /** Of the one that it builds on; `undefined` for a full one too. */
  readonly parentGuid: string | undefined;
  /** `dataset@snapshot` as it was called where it was sent. */
  readonly name: string | undefined;
  /** Stream bytes that had arrived, once they were received. */
  readonly bytes: number;
  /** The dataset is nothing but this: there was none before. */
  readonly isAll: boolean;
  /** The source's own words for it. */
  readonly token: string;
}
