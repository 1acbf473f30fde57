import { escapeName, HOSTILE } from '../escape-name.ts';

export { escapeName } from '../escape-name.ts';

/** The same for text of several lines. */
export function escapeText(text: string): string {
  return text
    .split('\n')
    .map((line) => escapeName(line.replaceAll('\t', '  ').replace(/\r$/, '')))
    .join('\n');
}

/** JSON in which such characters of its strings are escapes too: the language allows most of them as they are. */
export function escapeJson(json: string): string {
  return json.replace(HOSTILE, (character) => (character === '\n' ? character : escapeUnits(character)));
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

const BINARY_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Binary, three digits: `512 B`, `1.2 GiB`, `110 MiB`. */
export function renderSize(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const next of BINARY_UNITS) {
    // 1023.6 KiB would be rounded to 1024 KiB.
    if (Math.round(value) < 1024) break;
    value /= 1024;
    unit = next;
  }
  const digits = unit === 'B' || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 7 min`. */
export function renderSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function renderRate(bytes: number, seconds: number): string {
  return seconds > 0 ? `${renderSize(bytes / seconds)}/s` : '-';
}

/** `1 backup`, `2 backups`. */
export function renderCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const NAMES_SHOWN = 3;

/** `4 (a, b, c and 1 more)`. */
export function renderNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map(escapeName).join(', ');
  const more = names.length - NAMES_SHOWN;
  return `${names.length} (${shown}${more > 0 ? ` and ${more} more` : ''})`;
}

/** To the minute, in the machine's time zone, as `zfs list` shows it. */
export function renderDate(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
