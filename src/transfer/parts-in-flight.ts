/**
 * How many parts may be on their way at once; pure. A store that asks to slow down halves the number, each round of
 * parts that were stored adds one, up to what was asked for.
 */
export interface PartsInFlight {
  /** Never exceeded. */
  readonly most: number;
  readonly limit: number;
  /** How often the number was halved. */
  readonly cuts: number;
  /** Parts stored since the limit last changed. */
  readonly stored: number;
}

export function startPartsInFlight(most: number): PartsInFlight {
  return { most, limit: most, cuts: 0, stored: 0 };
}

/**
 * After a part that was sent when there had been `cuts` cuts was refused. Parts that were on their way together tell
 * of the same trouble, which is one reason to slow down, not four.
 */
export function afterSlowDown(flight: PartsInFlight, cuts: number): PartsInFlight {
  if (cuts < flight.cuts) return flight;
  return { ...flight, limit: Math.max(1, Math.floor(flight.limit / 2)), cuts: flight.cuts + 1, stored: 0 };
}

export function afterStored(flight: PartsInFlight): PartsInFlight {
  const { limit, most, stored } = flight;
  if (limit >= most) return flight;
  return stored + 1 >= limit ? { ...flight, limit: limit + 1, stored: 0 } : { ...flight, stored: stored + 1 };
}
