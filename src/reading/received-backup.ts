/** What came of one backup that was received. */
export interface ReceivedBackup {
  /** `target@snapshot` */
  readonly name: string;
  readonly storedBytes: number;
  readonly streamBytes: number;
  /** Requests that were sent again. */
  readonly retries: number;
  readonly seconds: number;
}
