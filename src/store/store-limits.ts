/** Limits in bytes and counts that the store puts on one object. */
export interface StoreLimits {
  /** The last part may be smaller. */
  readonly minPartBytes: number;
  readonly maxPartBytes: number;
  readonly maxParts: number;
  readonly maxObjectBytes: number;
  /** All parts but the last must have one size. */
  readonly equalParts: boolean;
  /** Parts in flight beyond which the store answers slower or not at all; `undefined` for no such number. */
  readonly maxPartsInFlight: number | undefined;
}
