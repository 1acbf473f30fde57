import type { ObjectStore } from './store/object-store.ts';

/** What a run has moved, all its steps together. */
export interface Summary {
  /** Before the filters. */
  readonly streamBytes: number;
  /** After the filters. */
  readonly storedBytes: number;
  /** Parts that an earlier run had stored, so that they were not sent again; and their bytes. */
  readonly skippedParts: number;
  readonly skippedBytes: number;
  readonly seconds: number;
  /** To the store, those that were tried again included; `undefined` for a store that is no server. */
  readonly requests: number | undefined;
  readonly retries: number;
}

/** What one step of a run tells of itself. */
export interface Moved {
  readonly streamBytes: number;
  readonly storedBytes: number;
  readonly skippedParts?: number;
  readonly skippedBytes?: number;
  readonly retries: number;
}

/** Starts the clock; call what it returns when all is over. */
export function startSummary({ requests }: ObjectStore): (steps: readonly Moved[]) => Summary {
  const startedAt = performance.now();
  const before = requests?.() ?? 0;
  return (steps) => {
    const sum = (number: (step: Moved) => number | undefined) =>
      steps.reduce((all, step) => all + (number(step) ?? 0), 0);
    return {
      streamBytes: sum((step) => step.streamBytes),
      storedBytes: sum((step) => step.storedBytes),
      skippedParts: sum((step) => step.skippedParts),
      skippedBytes: sum((step) => step.skippedBytes),
      seconds: (performance.now() - startedAt) / 1000,
      requests: requests && requests() - before,
      retries: sum((step) => step.retries),
    };
  };
}
