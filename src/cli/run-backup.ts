import { type BackupOptions, readBackupPlan, runBackupPlan } from '../backup.ts';
import { demandDataset } from '../config/demand.ts';
import { ConfigError } from '../errors.ts';
import type { CommandCall } from './program.ts';
import { renderBackupPlan, renderBackupResult, renderParseable } from './render-backup.ts';
import { backupJson, backupPlanJson } from './render-json.ts';
import { printJson } from './run-status.ts';
import { type Session, withSession } from './session.ts';

export function runBackup(call: CommandCall): Promise<number> {
  refuseTogether(call, 'full', 'incremental');
  refuseTogether(call, 'json', 'parseable');
  return withSession(call, call.arguments.values, async (session) => {
    const options = backupOptions(call, session);
    const plan = await readBackupPlan(options);
    if (call.arguments.flag('dry-run')) {
      await call.print(renderPlan(call, plan));
      return 0;
    }
    for (const note of plan.notes) session.remark(note);
    const result = await session.watch((onProgress) => runBackupPlan(plan, { ...options, onProgress }));
    await call.print(renderResult(call, result));
    return 0;
  });
}

function backupOptions({ arguments: given, signal }: CommandCall, session: Session): BackupOptions {
  const { config, context, logger, file } = session;
  const snapshot = given.text('snapshot');
  const filter = config.compressor === 'none' ? undefined : context.filters.find(config.compressor);
  return {
    store: context.store,
    source: context.source,
    dataset: demandDataset(config, file),
    snapshotPrefix: config.snapshotPrefix,
    mode: given.flag('full') ? 'full' : given.flag('incremental') ? 'incremental' : 'auto',
    history: given.flag('history'),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(filter ? { filter } : {}),
    sendFlags: config.sendFlags,
    ...(config.storageClass ? { storageClass: config.storageClass } : {}),
    ...(config.concurrency ? { concurrency: config.concurrency } : {}),
    ...(config.chunkSize ? { partBytes: config.chunkSize } : {}),
    maxRetries: config.maxRetries,
    signal,
    logger,
  };
}

function renderPlan({ arguments: given, stdout }: CommandCall, plan: Parameters<typeof renderBackupPlan>[0]) {
  if (given.flag('json')) return printJson(backupPlanJson(plan));
  if (!given.flag('parseable')) return renderBackupPlan(plan, stdout.style);
  return renderParseable(
    plan.steps.map(({ step, estimate }) => [`${step.dataset}@${step.snapshot.name}`, estimate]),
  );
}

function renderResult({ arguments: given }: CommandCall, result: Parameters<typeof renderBackupResult>[0]) {
  if (given.flag('json')) return printJson(backupJson(result));
  if (!given.flag('parseable')) return renderBackupResult(result);
  return renderParseable(result.backups.map(({ name, streamBytes }) => [name, streamBytes]));
}

function refuseTogether({ arguments: given }: CommandCall, one: string, other: string): void {
  if (!given.flag(one) || !given.flag(other)) return;
  throw new ConfigError([{ where: `--${one}`, message: `does not go together with --${other}` }]);
}
