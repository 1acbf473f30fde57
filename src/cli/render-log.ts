import { escapeName } from './render-text.ts';
import type { Style } from './style.ts';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

const DEBUG = 20;

/**
 * One of pino's lines for a person: `03:04:05 warn  message`. What is logged for everybody is a whole sentence; only
 * below that, where somebody searches for something, facts follow that it does not tell. A line that is no JSON stays
 * as it is.
 */
export function renderLogLine(line: string, style: Style): string {
  const record = parseRecord(line);
  if (!record) return line;
  const { level, time, msg, ...facts } = record;
  const name = LEVELS[Number(level)] ?? String(level);
  const paint = name === 'warn' ? style.yellow : name === 'error' || name === 'fatal' ? style.red : style.dim;
  const untold = Number(level) > DEBUG ? [] : Object.entries(facts).filter(([, fact]) => !tells(msg, fact));
  const words = untold.map(([key, value]) => style.dim(`${key}=${renderValue(value)}`));
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  return `${[style.dim(clock), paint(name.padEnd(5)), escapeName(String(msg ?? '')), ...words].join(' ')}\n`;
}

function tells(message: unknown, fact: unknown): boolean {
  return typeof fact === 'string' && String(message).includes(fact);
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function renderValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = escapeName(text);
  return /[\s"=]/.test(safe) && typeof value === 'string' ? JSON.stringify(safe) : safe;
}
