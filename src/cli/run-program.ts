import { ConfigError, exitStatusOf, Zfs3BackupError } from '../errors.ts';
import { readVersion } from '../reading/read-version.ts';
import { untilAborted } from '../stream/until-aborted.ts';
import { parseCommandLine } from './command-line.ts';
import { exitStatusOfSignal, InterruptedError, withInterrupt } from './interrupt.ts';
import { type CommandIo, isClosedPipe, readTerminal, writeText } from './io.ts';
import type { Arguments, Command, CommandLine, Program } from './program.ts';
import { isDebug, renderError } from './render-error.ts';
import { renderHelp, renderUsage } from './render-help.ts';
import { createStyle } from './style.ts';

/** How long an interrupted program waits for somebody to read its stderr. */
const LAST_WORDS_MS = 500;

/** Runs a program on a command line; resolves to its exit status and never rejects. */
export async function runProgram(program: Program, io: CommandIo): Promise<number> {
  // Errors are met where text is written; without a listener, the reader of a pipe that leaves would end the process.
  for (const stream of [io.stdout, io.stderr]) stream.on('error', () => {});
  const line = parseCommandLine(program, io.argv);
  try {
    return await answerOrRun(program, line, io);
  } catch (error) {
    return fail(program, line.arguments, io, error);
  }
}

async function answerOrRun(program: Program, line: CommandLine, io: CommandIo): Promise<number> {
  if (line.version) return answer(io, `${await readVersion()}\n`);
  if (line.help) return answer(io, renderHelp(program, line.command, lookOf(io, io.stdout)));
  if (!line.command && line.problems.length === 0) {
    await writeTextIfPossible(io.stderr, renderUsage(program, lookOf(io, io.stderr)));
    return 2;
  }
  if (!line.command || line.problems.length > 0) {
    const command = [program.name, line.command?.name].filter(Boolean).join(' ');
    const advice = `\`${command} --help\` shows what there is.`;
    throw new ConfigError([...line.problems, ...(await configProblems(line, io))], { advice });
  }
  return runCommand(line.command, line.arguments, io);
}

/** What is wrong besides, so that a person mends it all in one go. */
async function configProblems({ command, arguments: { values }, problems }: CommandLine, io: CommandIo) {
  if (!command) return [];
  const told = new Set(problems.map(({ where }) => where));
  const { loadConfig } = await import('../config/load.ts');
  try {
    await loadConfig({ flags: values, env: io.env });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) return [];
    return error.problems.filter(({ where }) => !told.has(where));
  }
}

async function runCommand(command: Command, given: Arguments, io: CommandIo): Promise<number> {
  return withInterrupt(io.signals, async (signal) => {
    try {
      return await command.run({
        io,
        arguments: given,
        signal,
        stdout: lookOf(io, io.stdout),
        stderr: lookOf(io, io.stderr),
        print: (text) => untilAborted(printResult(io, text), signal),
      });
    } catch (error) {
      // A child that got the same Ctrl-C fails too; what counts is that the person ended it.
      throw signal.aborted ? signal.reason : error;
    }
  });
}

async function fail(program: Program, given: Arguments, io: CommandIo, error: unknown): Promise<number> {
  const { style } = lookOf(io, io.stderr);
  if (error instanceof InterruptedError) {
    const told = writeTextIfPossible(io.stderr, `${program.name}: ${error.message}\n`);
    await untilAborted(told, AbortSignal.timeout(LAST_WORDS_MS)).catch(() => {});
    return exitStatusOfSignal(error.signal);
  }
  if (!isQuietEnd(error)) {
    const debug = isDebug(await readLogLevel(given, io));
    await writeTextIfPossible(io.stderr, renderError(error, { program: program.name, style, debug }));
  }
  return exitStatusOf(error);
}

/** Wherever it is set; that of the command line where the rest cannot be read. */
async function readLogLevel(given: Arguments, { env }: CommandIo): Promise<string | undefined> {
  const { loadConfig } = await import('../config/load.ts');
  try {
    return (await loadConfig({ flags: given.values, env })).config.logLevel;
  } catch {
    return given.text('log-level');
  }
}

/** On a full disk a log can take no sentence; the exit status is told all the same. */
async function writeTextIfPossible(stream: CommandIo['stderr'], text: string): Promise<void> {
  await writeText(stream, text).catch(() => {});
}

/** The reader of stdout left, as `head` does: nobody waits for a sentence. */
function isQuietEnd(error: unknown): boolean {
  return error instanceof Zfs3BackupError && error.code === 'OUTPUT_FAILED' && isClosedPipe(error.cause);
}

async function answer(io: CommandIo, text: string): Promise<number> {
  await printResult(io, text);
  return 0;
}

async function printResult(io: CommandIo, text: string): Promise<void> {
  try {
    await writeText(io.stdout, text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Zfs3BackupError('OUTPUT_FAILED', `the result cannot be written to stdout: ${why}`, { cause });
  }
}

function lookOf(io: CommandIo, stream: CommandIo['stdout']) {
  const terminal = readTerminal(stream, io.env);
  return { ...terminal, style: createStyle(terminal.color) };
}
