import { ConfigError, Zfs3BackupError } from '../errors.ts';
import { escapeText } from './render-text.ts';
import type { Style } from './style.ts';

export interface ErrorLook {
  /** The name of the program, in front of the first line. */
  readonly program: string;
  readonly style: Style;
  /** Shows what caused it, and the stacks. */
  readonly debug: boolean;
}

/** Whether a log level asks for causes and stacks. */
export function isDebug(logLevel: string | undefined): boolean {
  return logLevel === 'debug' || logLevel === 'trace';
}

/** What a person reads on stderr when a command failed; ends with a newline. */
export function renderError(error: unknown, look: ErrorLook): string {
  const lines = [...describe(error, look), ...adviceOf(error, look)];
  if (look.debug) lines.push(...causesOf(error));
  return `${lines.join('\n')}\n`;
}

function describe(error: unknown, { program, style }: ErrorLook): readonly string[] {
  const name = style.red(`${program}:`);
  if (error instanceof ConfigError) {
    return error.problems.map(({ where, message }) => `${name} ${escapeText(`${where}: ${message}`)}`);
  }
  if (error instanceof Zfs3BackupError || isSystemError(error)) {
    const [first = '', ...more] = escapeText(error.message).split('\n');
    return [`${name} ${first}`, ...more.map((line) => `    ${line}`)];
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `${name} this is a bug of ${program}, please report it with these lines:`,
    indent(escapeText(stack)),
  ];
}

function adviceOf(error: unknown, { style }: ErrorLook): readonly string[] {
  const advice = error instanceof Zfs3BackupError ? error.advice : undefined;
  if (!advice) return [];
  const [first = '', ...more] = escapeText(advice).split('\n');
  return [`  ${style.bold('what to do:')} ${first}`, ...more.map((line) => `    ${line}`)];
}

function causesOf(error: unknown): readonly string[] {
  const lines: string[] = [];
  if (error instanceof Zfs3BackupError) lines.push(indent(escapeText(error.stack ?? '')));
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < 10; depth++) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    lines.push(`  caused by: ${escapeText(text).replaceAll('\n', '\n  ')}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

/** What the operating system refused (a full disk, a folder that is not there) is no bug. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
