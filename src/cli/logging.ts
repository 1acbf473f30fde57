import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { renderLogLine } from './render-log.ts';
import { escapeJson } from './render-text.ts';
import type { Screen } from './screen.ts';
import type { Style } from './style.ts';

export interface LoggingOptions {
  readonly level: string;
  readonly format: 'pretty' | 'json';
  /** Strings that never appear in a line, whatever they stand in. */
  readonly secrets: readonly string[];
  readonly style: Style;
}

const SECRET_KEYS = ['secret', 'secretAccessKey', 'S3_SECRET', 'sessionToken', 'password'];

/** pino on stderr, above a progress line. */
export function createLogger(screen: Screen, options: LoggingOptions): PinoLogger {
  const hide = createHider(options.secrets);
  const destination: DestinationStream = {
    write(line) {
      const safe = hide(line);
      screen.write(options.format === 'json' ? escapeJson(safe) : renderLogLine(safe, options.style));
    },
  };
  const redact = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino(
    { level: options.level, base: null, redact: { paths: redact, censor: '[secret]' } },
    destination,
  );
}

/** Replaces each secret by `[secret]`; also as JSON writes it. */
export function createHider(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  return (text) => spellings.reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text);
}
