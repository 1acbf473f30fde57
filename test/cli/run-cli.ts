import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import type { CommandIo } from '../../src/cli/io.ts';

export interface CliOptions {
  readonly stdin?: Readable;
  readonly stdinDescriptor?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly signals?: EventEmitter;
  /** What stderr is like, where it is not a pipe. */
  readonly terminal?: { readonly isTTY: boolean; readonly columns: number };
}

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs an entry point in this process, with pipes for streams and no configuration but what is given. Fails where a
 * secret of the environment was printed, whatever the test is about.
 */
export async function runCli(
  run: (io: CommandIo) => Promise<number>,
  argv: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const { stdin = Readable.from([]), stdinDescriptor, env = {}, signals = new EventEmitter() } = options;
  const stdout = collect();
  const stderr = collect();
  const status = await run({
    argv,
    env: { SKIP_CONFIG_FILE: 'true', ...env },
    stdin,
    ...(stdinDescriptor === undefined ? {} : { stdinDescriptor }),
    stdout: stdout.stream,
    stderr: Object.assign(stderr.stream, options.terminal),
    signals,
  });
  const printed = stdout.text() + stderr.text();
  for (const [name, value] of Object.entries(env)) {
    const isSecret = /SECRET|TOKEN|PASSWORD/.test(name) && value.length > 7;
    if (isSecret && printed.includes(value)) throw new Error(`the value of ${name} was printed`);
  }
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

function collect() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
