/** What the library tells while it works; pino's loggers fit. The library itself never prints. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {} };
