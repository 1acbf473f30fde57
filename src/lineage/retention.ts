import { Zfs3BackupError } from '../errors.ts';

/** Which backups to keep. */
export interface RetentionRules {
  /** As it was written. */
  readonly text: string;
  /** How many of the newest stay, however old they are. */
  readonly newest: number;
  readonly periods: readonly PeriodRule[];
}

/** The oldest backup of each period stays, until it is older than `during`. */
export interface PeriodRule {
  /** As it was written, such as `1d1w`. */
  readonly text: string;
  readonly every: Period;
  readonly during: Period;
}

export interface Period {
  readonly amount: number;
  readonly unit: PeriodUnit;
}

/** In seconds, as zfs-autobackup counts them: its rules are taken as they are, so they must mean the same. */
const UNITS = {
  s: { seconds: 1, word: 'second' },
  min: { seconds: 60, word: 'minute' },
  h: { seconds: 3600, word: 'hour' },
  d: { seconds: 24 * 3600, word: 'day' },
  w: { seconds: 7 * 24 * 3600, word: 'week' },
  m: { seconds: 30 * 24 * 3600, word: 'month' },
  y: { seconds: 365.25 * 24 * 3600, word: 'year' },
} as const;

export type PeriodUnit = keyof typeof UNITS;

const LANGUAGE = 'Rules are written like 10,1d1w,1w1m,1m1y, with the units s, min, h, d, w, m and y.';

/**
 * Reads `10,1d1w,1w1m,1m1y`: the newest 10; one per day for a week; one per week for a month; one per month for a year.
 * @throws Zfs3BackupError USAGE, with the place of the first mistake.
 */
export function parseRetention(text: string): RetentionRules {
  const periods: PeriodRule[] = [];
  let newest: number | undefined;
  let at = 0;
  for (const piece of text.split(',')) {
    const word = piece.trim().toLowerCase();
    const place = at + (piece.length - piece.trimStart().length);
    at += piece.length + 1;
    if (/^\d+$/.test(word)) {
      if (newest !== undefined) throw mistake(text, place, 'there is a number of the newest already');
      newest = readAmount(text, place, word);
    } else periods.push(parsePeriodRule(text, place, word));
  }
  if (periods.length === 0 && !newest) throw mistake(text, 0, 'it keeps nothing');
  return { text, newest: newest ?? 0, periods };
}

function parsePeriodRule(text: string, place: number, word: string): PeriodRule {
  if (word === '') throw mistake(text, place, 'a rule is missing');
  const every = parsePeriod(text, place, word);
  const behind = place + every.length;
  const during = parsePeriod(text, behind, word.slice(every.length));
  const rest = word.slice(every.length + during.length);
  if (rest !== '') throw mistake(text, behind + during.length, `\`${rest}\` is too much`);
  if (secondsOf(during.period) < secondsOf(every.period)) {
    throw mistake(text, behind, `${words(during.period)} is shorter than ${words(every.period)}`);
  }
  return { text: word, every: every.period, during: during.period };
}

function parsePeriod(
  text: string,
  place: number,
  word: string,
): { readonly period: Period; readonly length: number } {
  const [whole = '', digits = '', unit = ''] = /^(\d*)([^\d]*)/.exec(word) ?? [];
  if (digits === '') throw mistake(text, place, 'a number is missing');
  const amount = readAmount(text, place, digits);
  if (amount === 0) throw mistake(text, place, 'a period of 0 is none');
  if (!isUnit(unit)) {
    const what = unit === '' ? 'a unit is missing' : `\`${unit}\` is no unit`;
    throw mistake(text, place + digits.length, what);
  }
  return { period: { amount, unit }, length: whole.length };
}

function readAmount(text: string, place: number, digits: string): number {
  const amount = Number(digits);
  if (amount <= 1_000_000_000) return amount;
  throw mistake(text, place, `${digits} is too much`);
}

function isUnit(unit: string): unit is PeriodUnit {
  return Object.hasOwn(UNITS, unit);
}

function mistake(text: string, place: number, what: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', `\`${text}\`, character ${place + 1}: ${what}`, { advice: LANGUAGE });
}

export function secondsOf({ amount, unit }: Period): number {
  return amount * UNITS[unit].seconds;
}

/** `1 week`, `2 days`. */
function words({ amount, unit }: Period): string {
  return `${amount} ${UNITS[unit].word}${amount === 1 ? '' : 's'}`;
}

/** `1 per day for 1 week`, `1 per 2 days for 3 months`. */
export function wordsOfRule({ every, during }: PeriodRule): string {
  const period = every.amount === 1 ? UNITS[every.unit].word : words(every);
  return `1 per ${period} for ${words(during)}`;
}
