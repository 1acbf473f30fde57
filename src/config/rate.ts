import { Zfs3BackupError } from '../errors.ts';
import { parseSize } from './size.ts';

/** Bytes in a second: a size such as `10M`, also written `10M/s`. Throws USAGE. */
export function parseRate(text: string): number {
  return parseSize(text.replace(/\s*\/\s*s$/i, ''));
}

const DAY = 24 * 3600;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: DAY, w: 7 * DAY };

/** Seconds of `30`, `30s`, `1.5m`, `5 min`, `1h`, `7d` or `2w`. Throws USAGE. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*(s|m|min|h|d|w)?$/i.exec(text.trim());
  if (match === null) {
    throw new Zfs3BackupError('USAGE', `\`${text}\` is not a time: write 30, 30s, 5m, 1h or 7d`);
  }
  const [, digits = '', unit = 's'] = match;
  return Number(digits) * (SECONDS[unit.toLowerCase()] ?? 1);
}
