import { parseSize } from '../config/size.ts';
import { type ConfigProblem, Zfs3BackupError } from '../errors.ts';
import { openDescriptor, type PputOptions, pput, readCommand, readStream } from '../pput.ts';
import { isReadableDescriptor } from '../stream/read-parts.ts';
import type { CommandIo } from './io.ts';
import type { CommandCall } from './program.ts';
import { renderPutJson, renderPutLine } from './render-json.ts';
import { type Session, withSession } from './session.ts';

export function runPput(call: CommandCall): Promise<number> {
  const asked = readAsked(call);
  return withSession(call, (session) => store(call, session, asked), { problems: asked.problems });
}

async function store(call: CommandCall, session: Session, asked: Asked): Promise<number> {
  const { config, context, logger } = session;
  const options: PputOptions = {
    store: context.store,
    key: call.arguments.positionals[0] ?? '',
    source: openSource(call, asked.from),
    metadata: asked.metadata,
    expect: config.expect,
    inspect: config.inspect,
    ...(asked.estimate === undefined ? {} : { estimate: asked.estimate }),
    ...(config.chunkSize ? { partBytes: config.chunkSize } : {}),
    ...(config.concurrency ? { concurrency: config.concurrency } : {}),
    ...(config.storageClass ? { storageClass: config.storageClass } : {}),
    resume: call.arguments.flag('resume'),
    keepOnInterrupt: call.arguments.flag('keep-on-interrupt'),
    force: call.arguments.flag('force'),
    maxMemory: config.maxMemory,
    maxRetries: config.maxRetries,
    signal: call.signal,
    logger,
  };
  try {
    const result = await session.watch((onProgress) => pput({ ...options, onProgress }));
    session.sumUp({ verb: 'upload', item: result.key }, result.summary);
    const json = call.arguments.flag('json');
    await call.print(json ? renderPutJson(result) : renderPutLine(result));
    return 0;
  } finally {
    // What is left in a pipe that nobody reads would keep the process waiting.
    if (asked.from === 'stdin') call.io.stdin.destroy();
  }
}

/** Where the stream comes from; a number is an open descriptor. */
type From = 'program' | 'stdin' | number;

interface Asked {
  readonly metadata: Readonly<Record<string, string>>;
  readonly estimate: number | undefined;
  readonly from: From;
  readonly problems: readonly ConfigProblem[];
}

/** Collects what is wrong, so that all problems are told at once, the configuration's among them. */
function readAsked({ arguments: given, io }: CommandCall): Asked {
  const problems: ConfigProblem[] = [];
  const metadata = readMetadata([...given.list('metadata')], problems);
  const estimate = readEstimate(given.text('estimated'), problems);
  const fd = readDescriptor(given.text('file-descriptor'), problems);
  if (given.program.length > 0 && fd !== undefined) {
    problems.push({ where: '--file-descriptor', message: 'does not go together with a COMMAND' });
  }
  const from = given.program.length > 0 ? 'program' : (fd ?? findStdin(io));
  if (from === 'stdin' && io.stdin.isTTY) {
    const message = 'is a terminal: pipe something in, or name a program behind --';
    problems.push({ where: 'stdin', message });
  }
  return { metadata, estimate, from, problems };
}

/** A pipe or a file is read without opening its stream; asked once, because reading closes a pipe. */
function findStdin({ stdinDescriptor }: CommandIo): 'stdin' | number {
  return stdinDescriptor !== undefined && isReadableDescriptor(stdinDescriptor) ? stdinDescriptor : 'stdin';
}

function openSource({ arguments: { program }, io, signal }: CommandCall, from: From) {
  if (from === 'program') return readCommand(program, signal);
  return from === 'stdin' ? readStream(io.stdin, signal) : openDescriptor(from, signal);
}

function readMetadata(pairs: readonly string[], problems: ConfigProblem[]): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).toLowerCase();
    const value = pair.slice(at + 1);
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
      problems.push({
        where: `--meta ${pair}`,
        message: 'is not KEY=VALUE with letters, digits and - in KEY',
      });
    } else if (!/^[\x20-\x7e]*$/.test(value) || value.trim() !== value) {
      const message = 'the value has to be printable ASCII without blanks at its ends';
      problems.push({ where: `--meta ${name}`, message });
    } else if (Object.hasOwn(metadata, name)) {
      problems.push({ where: `--meta ${name}`, message: 'is given twice' });
    } else {
      metadata[name] = value;
    }
  }
  return metadata;
}

function readEstimate(text: string | undefined, problems: ConfigProblem[]): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    problems.push({ where: '--estimated', message: error.message });
    return undefined;
  }
}

function readDescriptor(text: string | undefined, problems: ConfigProblem[]): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  problems.push({ where: '--file-descriptor', message: `${text} is not the number of an open descriptor` });
  return undefined;
}
