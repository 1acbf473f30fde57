import { Zfs3BackupError } from '../errors.ts';

const UNITS = ['', 'K', 'M', 'G', 'T', 'P'];

/**
 * Bytes of `5M`, `1G`, `1.5T`, `5MiB` or a plain number; every unit is a power of 1,024, also when it is
 * written `MB`. Throws USAGE.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGTP])(?:I?B)?|B)?$/.exec(text.trim().toUpperCase());
  if (match === null) throw notASize(text);
  const [, digits = '', unit = ''] = match;
  if (unit === '' && digits.includes('.')) throw notASize(text);
  const bytes = Math.round(Number(digits) * 1024 ** UNITS.indexOf(unit));
  if (!Number.isSafeInteger(bytes)) throw new Zfs3BackupError('USAGE', `\`${text}\` is too large a size`);
  return bytes;
}

/** The shortest text that `parseSize` reads back as the same number: `5M`, `1536K`, `5242881`. */
export function renderSize(bytes: number): string {
  let power = 0;
  while (power < UNITS.length - 1 && bytes > 0 && bytes % 1024 ** (power + 1) === 0) power += 1;
  return `${bytes / 1024 ** power}${UNITS[power]}`;
}

function notASize(text: string): Zfs3BackupError {
  return new Zfs3BackupError(
    'USAGE',
    `\`${text}\` is not a size: write 5M, 1G, 1.5T, 5MiB or a number of bytes`,
  );
}
