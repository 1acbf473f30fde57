import type { Summary } from '../../src/summary.ts';

const MIB = 1024 ** 2;

export const summary: Summary = {
  streamBytes: 1024 ** 3,
  storedBytes: 400 * MIB,
  skippedParts: 0,
  skippedBytes: 0,
  seconds: 8,
  requests: 83,
  retries: 1,
};
