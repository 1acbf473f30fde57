import { get } from '../get.ts';
import type { CommandCall } from './program.ts';
import { type Session, withSession } from './session.ts';
import { stdoutOf } from './stdout-of.ts';

export function runGet(call: CommandCall): Promise<number> {
  const output = call.arguments.text('output');
  const problems =
    output === '' ? [{ where: '--output', message: 'is empty: name a file, or - for stdout' }] : [];
  const run = async ({ context, config, logger, watch }: Session) => {
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
  };
  return withSession(call, run, { problems });
}
