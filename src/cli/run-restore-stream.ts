import { demandDataset } from '../config/demand.ts';
import { restoreStream } from '../restore-stream.ts';
import { writingTo } from '../steps/write-output.ts';
import { startSummary } from '../summary.ts';
import type { CommandCall } from './program.ts';
import type { RestoreQuestion } from './restore-question.ts';
import type { Session } from './session.ts';
import { stdoutOf } from './stdout-of.ts';

/** `restore --stdout`: the stream, and not a word more, on stdout. */
export async function runRestoreStream(
  call: CommandCall,
  { config, context, logger, file, ...session }: Session,
  { choice, way }: RestoreQuestion,
): Promise<number> {
  const { store, source, filters } = context;
  const resumeToken = way.kind === 'stdout' ? way.resumeToken : undefined;
  const sumUp = startSummary(store);
  const restored = await session.watch((onProgress) =>
    writingTo(stdoutOf(call.io), call.signal, (write) =>
      restoreStream(
        {
          ...{ store, source, filters, logger, onProgress },
          dataset: demandDataset(config, file),
          snapshot: choice,
          snapshotPrefix: config.snapshotPrefix,
          ...(resumeToken === undefined ? {} : { resumeToken }),
          expect: config.expect,
          inspect: config.inspect,
          ...(config.concurrency ? { concurrency: config.concurrency } : {}),
          maxMemory: config.maxMemory,
          maxRetries: config.maxRetries,
          signal: call.signal,
          onChosen: ({ notes }) => {
            for (const note of notes) session.remark(note);
          },
        },
        write,
      ),
    ),
  );
  const { backup } = restored;
  const item = `${backup.dataset}@${backup.snapshot}`;
  session.sumUp({ verb: 'restore', item }, sumUp([restored]));
  return 0;
}
