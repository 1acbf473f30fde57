import type { ErrorCode } from '../errors.ts';

/** `problem`: a backup would fail. `warning`: it works, and may not be what one wants. */
export type Verdict = 'ok' | 'note' | 'warning' | 'problem';

/** What was looked at, in the order in which it is shown. */
export const AREAS = [
  'configuration',
  'store',
  'permissions',
  'bucket',
  'zfs',
  'filters',
  'machine',
  'backups',
] as const;

export type Area = (typeof AREAS)[number];

/** One thing that was looked at, and what came of it. */
export interface Finding {
  readonly area: Area;
  readonly verdict: Verdict;
  readonly what: string;
  /** What a person can do about it. */
  readonly todo?: string | undefined;
  /** Of a problem: what a backup would fail with. */
  readonly code?: ErrorCode;
}

/** An error in the way of a backup. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string | undefined;
}

export const ok = (area: Area, what: string): Finding => ({ area, verdict: 'ok', what });

export const note = (area: Area, what: string, todo?: string): Finding => ({
  ...{ area, verdict: 'note', what, todo },
});

export const warning = (area: Area, what: string, todo?: string): Finding => ({
  ...{ area, verdict: 'warning', what, todo },
});

export const problem = (area: Area, { code, message, advice }: Fault): Finding => ({
  ...{ area, verdict: 'problem', what: message, todo: advice, code },
});
