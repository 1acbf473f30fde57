import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type GetOptions, get } from '../get.ts';
import type { CommandIo } from './io.ts';
import type { CommandCall } from './program.ts';
import { withSession } from './session.ts';

export function runGet(call: CommandCall): Promise<number> {
  const output = call.arguments.text('output');
  return withSession(call, async ({ context, config, logger, watch }) => {
    await watch((onProgress) =>
      get({
        store: context.store,
        key: call.arguments.positionals[0] ?? '',
        output: output === undefined || output === '-' ? stdoutOf(call.io) : output,
        ...(config.concurrency ? { concurrency: config.concurrency } : {}),
        maxMemory: config.maxMemory,
        maxRetries: config.maxRetries,
        signal: call.signal,
        onProgress,
        logger,
      }),
    );
    return 0;
  });
}

/**
 * Node's stream for a file takes a short write, as a disk that becomes full makes it, for a whole one. Pipes keep
 * theirs: a write by descriptor that waits for a reader could not be interrupted.
 */
function stdoutOf({ stdout, stdoutDescriptor: descriptor }: CommandIo): GetOptions['output'] {
  if (descriptor === undefined || isatty(descriptor)) return stdout;
  const stats = fstatSync(descriptor);
  return stats.isFIFO() || stats.isSocket() ? stdout : { descriptor };
}
