import { get } from '../get.ts';
import type { CommandCall } from './program.ts';
import { withSession } from './session.ts';
import { stdoutOf } from './stdout-of.ts';

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
