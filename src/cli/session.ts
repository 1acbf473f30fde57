import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { openContext } from '../context.ts';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { OnProgress, Progress } from '../progress.ts';
import type { Summary } from '../summary.ts';
import { createLogger } from './logging.ts';
import type { CommandCall } from './program.ts';
import { createProgressDisplay } from './progress-display.ts';
import { renderSummaryEvent } from './progress-event.ts';
import { renderSummary } from './render-summary.ts';
import { escapeText } from './render-text.ts';
import { createScreen } from './screen.ts';

export type Context = Awaited<ReturnType<typeof openContext>>;

/** What every command works with, once the configuration is read. */
export interface Session {
  readonly config: Config;
  /** The same for another dataset, with what its section says. */
  readonly configFor: (dataset: string) => Config;
  /** Datasets that have a section in the configuration file. */
  readonly datasets: readonly string[];
  /** The configuration file that was read. */
  readonly file: string | undefined;
  /** What works in it, and should be looked at. */
  readonly warnings: readonly ConfigProblem[];
  readonly logger: Logger;
  readonly context: Context;
  /** Puts a remark on stderr, unless `--quiet`. */
  remark(text: string): void;
  /** Puts a result on stdout while progress may be shown; resolves when it was taken. */
  print(text: string): Promise<void>;
  /** Shows progress on stderr while the work runs, unless `--quiet`. */
  watch<Result>(work: (onProgress: OnProgress) => Promise<Result>): Promise<Result>;
  /** Puts what was moved on stderr, where the line of progress was, unless `--quiet`. */
  sumUp(what: Pick<Progress, 'verb' | 'item'>, summary: Summary): void;
}

export interface SessionOptions {
  /** Instead of what the command line says. */
  readonly flags?: Readonly<Record<string, string | boolean>>;
  /** What is wrong with the command's own arguments. */
  readonly problems?: readonly ConfigProblem[];
  /** The work tells the configuration's warnings itself. */
  readonly keepWarnings?: boolean;
}

/** Reads the configuration, opens store and source, does the work, closes them. */
export async function withSession(
  call: CommandCall,
  work: (session: Session) => Promise<number>,
  { flags = call.arguments.values, problems = [], keepWarnings = false }: SessionOptions = {},
): Promise<number> {
  const { config, configFor, datasets, file, warnings } = await readConfig(call, flags, problems);
  const screen = createScreen(call.io.stderr);
  const logger = createLogger(screen, {
    level: config.quiet ? quietLevel(config.logLevel) : config.logLevel,
    format: config.logFormat,
    secrets: secretsOf(config, call.io.env),
    style: call.stderr.style,
  });
  for (const { where, message } of keepWarnings ? [] : warnings) logger.warn({}, `${where}: ${message}`);
  const named = typeof flags['config'] === 'string' ? file : undefined;
  const context = namingFile(await openContext(config, { logger, file }), named);
  try {
    return await work({
      config,
      configFor,
      datasets,
      file,
      warnings,
      logger,
      context,
      remark(text) {
        if (!config.quiet) screen.write(`${escapeText(text)}\n`);
      },
      print: (text) => screen.aside(() => call.print(text)),
      async watch(run) {
        const { progress: format, progressInterval: interval, quiet } = config;
        if (quiet || format === 'none') return run(() => {});
        const display = createProgressDisplay(screen, call.stderr, { format, interval });
        try {
          return await run(display.onProgress);
        } finally {
          display.stop();
        }
      },
      sumUp(what, summary) {
        if (config.quiet) return;
        if (config.progress === 'json') screen.write(renderSummaryEvent(what, summary, new Date()));
        else screen.write(`${renderSummary(what.item, summary)}\n`);
      },
    });
  } finally {
    context.store.close();
  }
}

/** What no line may show, wherever it comes from. */
function secretsOf({ credentials }: Config, env: CommandCall['io']['env']): readonly string[] {
  const { AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '' } = env;
  return [credentials?.secretAccessKey ?? '', AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN];
}

/** Everything that is wrong, the command's own arguments first. */
async function readConfig(
  { io }: CommandCall,
  given: Readonly<Record<string, string | boolean>>,
  own: readonly ConfigProblem[],
): Promise<LoadedConfig> {
  const { flags, problems } = settleQuiet(given, own);
  const advice = problems.length > 0 ? { advice: '`--help` has examples.' } : {};
  try {
    const loaded = await loadConfig({ flags, env: io.env });
    if (problems.length === 0) return loaded;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...problems, ...error.problems], advice);
  }
  throw new ConfigError(problems, advice);
}

/** Progress that is asked for on the command line goes before a QUIET of the environment or a file. */
function settleQuiet(flags: Readonly<Record<string, string | boolean>>, problems: readonly ConfigProblem[]) {
  if (flags['progress'] === undefined || flags['progress'] === 'none') return { flags, problems };
  if (flags['quiet'] !== true) return { flags: { ...flags, quiet: false }, problems };
  const problem = { where: '--progress', message: 'does not go together with --quiet' };
  return { flags, problems: [...problems, problem] };
}

/** The programs that a dry run shows need the file that this one was told to read. */
function namingFile(context: Context, file: string | undefined): Context {
  if (file === undefined) return context;
  const { store } = context;
  return {
    ...context,
    store: { ...store, arguments: [...store.arguments, '--config', resolve(file)] },
  };
}

function quietLevel(level: Config['logLevel']): Config['logLevel'] {
  return ['trace', 'debug', 'info'].includes(level) ? 'warn' : level;
}
