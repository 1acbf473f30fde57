/** What moves, for progress and for the result. */
export interface Tally {
  storedBytes: number;
  partsInFlight: number;
  retries: number;
  parts: number;
  /** Of `parts`: those that an earlier run had stored, so that they were not sent again. */
  skippedParts: number;
  /** Of `storedBytes`: those of the skipped parts. */
  skippedBytes: number;
}
