import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { openContext } from '../context.ts';
import type { Logger } from '../logger.ts';
import type { OnProgress } from '../progress.ts';
import { createLogger } from './logging.ts';
import type { CommandCall } from './program.ts';
import { createProgressDisplay } from './progress-display.ts';
import { escapeText } from './render-text.ts';
import { createScreen } from './screen.ts';

export type Context = Awaited<ReturnType<typeof openContext>>;

/** What every command works with, once the configuration is read. */
export interface Session {
  readonly config: Config;
  /** The configuration file that was read. */
  readonly file: string | undefined;
  readonly logger: Logger;
  readonly context: Context;
  /** Puts a remark on stderr, unless `--quiet`. */
  remark(text: string): void;
  /** Shows progress on stderr while the work runs, unless `--quiet`. */
  watch<Result>(work: (onProgress: OnProgress) => Promise<Result>): Promise<Result>;
}

/** Reads the configuration, opens store and source, does the work, closes them. */
export async function withSession(
  call: CommandCall,
  flags: Readonly<Record<string, string | boolean>>,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const { config, file, warnings } = await loadConfig({ flags, env: call.io.env });
  const screen = createScreen(call.io.stderr);
  const logger = createLogger(screen, {
    level: config.quiet ? quietLevel(config.logLevel) : config.logLevel,
    format: config.logFormat,
    secrets: config.credentials ? [config.credentials.secretAccessKey] : [],
    style: call.stderr.style,
  });
  for (const { where, message } of warnings) logger.warn({}, `${where}: ${message}`);
  const context = await openContext(config, { logger, file });
  try {
    return await work({
      config,
      file,
      logger,
      context,
      remark(text) {
        if (!config.quiet) screen.write(`${escapeText(text)}\n`);
      },
      async watch(run) {
        if (config.quiet) return run(() => {});
        const display = createProgressDisplay(screen, call.stderr);
        try {
          return await run(display.onProgress);
        } finally {
          display.stop();
        }
      },
    });
  } finally {
    context.store.close();
  }
}

function quietLevel(level: Config['logLevel']): Config['logLevel'] {
  return ['trace', 'debug', 'info'].includes(level) ? 'warn' : level;
}
