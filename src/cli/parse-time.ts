const GRAMMAR =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * A day (its midnight, when it begins) or a time, as ISO 8601 has them. Without a zone it is the time of this machine.
 * `undefined` for anything else, a 30th of February too.
 */
export function parseTime(text: string): Date | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', zone] = GRAMMAR.exec(text.trim()) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const numbers = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, m = 0, d = 0, h = 0, min = 0, s = 0] = numbers;
  const days = new Date(Date.UTC(y, m, 0)).getUTCDate();
  if (m < 1 || m > 12 || d < 1 || d > days || h > 23 || min > 59 || s > 59) return undefined;
  if (zone === undefined) return new Date(y, m - 1, d, h, min, s);
  const offset = offsetOf(zone);
  return offset === undefined ? undefined : new Date(Date.UTC(y, m - 1, d, h, min, s) - offset);
}

/** In milliseconds east of Greenwich. */
function offsetOf(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
