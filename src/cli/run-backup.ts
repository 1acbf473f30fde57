import { type BackupOptions, readBackupPlan, runBackupPlan } from '../backup.ts';
import type { Config } from '../config/config.ts';
import { createFilters } from '../context.ts';
import type { ConfigProblem } from '../errors.ts';
import type { CommandCall } from './program.ts';
import { renderBackupPlan, renderBackupResult, renderParseable } from './render-backup.ts';
import { backupJson, backupPlanJson } from './render-json.ts';
import { type DatasetReport, runChosen } from './run-each.ts';
import { type Session, withSession } from './session.ts';

export function runBackup(call: CommandCall): Promise<number> {
  const problems = [...together(call, 'full', 'incremental'), ...together(call, 'json', 'parseable')];
  return withSession(
    call,
    (session) => runChosen(call, session, (dataset) => backUp(call, session, dataset)),
    { problems },
  );
}

async function backUp(call: CommandCall, session: Session, dataset: string): Promise<DatasetReport> {
  const config = session.configFor(dataset);
  const options = backupOptions(call, session, config, dataset);
  const plan = await readBackupPlan(options);
  if (call.arguments.flag('dry-run')) {
    const sizes = plan.steps.map(
      ({ step, estimate }) => [`${step.dataset}@${step.snapshot.name}`, estimate] as const,
    );
    return {
      json: backupPlanJson(plan),
      parseable: renderParseable(sizes),
      text: renderBackupPlan(plan, call.stdout.style),
    };
  }
  if (plan.steps.length > 0) for (const note of plan.notes) session.remark(note);
  const result = await session.watch((onProgress) => runBackupPlan(plan, { ...options, onProgress }));
  if (plan.steps.length > 0) session.sumUp({ verb: 'backup', item: dataset }, result.summary);
  return {
    json: backupJson(result),
    parseable: renderParseable(result.backups.map(({ name, streamBytes }) => [name, streamBytes])),
    text: config.quiet ? '' : renderBackupResult(result),
  };
}

function backupOptions(
  { arguments: given, signal }: CommandCall,
  { context, logger, datasets }: Session,
  config: Config,
  dataset: string,
): BackupOptions {
  const snapshot = given.text('snapshot');
  // Those of the dataset: it may have recipients of its own.
  const filters = createFilters(config);
  const filter = filters.find(config.compressor);
  const encryptor = filters.findEncryptor(config.encryptor);
  return {
    store: context.store,
    source: context.source,
    dataset,
    snapshotPrefix: config.snapshotPrefix,
    covered: datasets,
    expect: config.expect,
    inspect: config.inspect,
    mode: given.flag('full') ? 'full' : given.flag('incremental') ? 'incremental' : 'auto',
    history: given.flag('history'),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(filter ? { filter } : {}),
    ...(encryptor ? { encryptor } : {}),
    sendFlags: config.sendFlags,
    raw: config.raw,
    bookmarks: config.bookmarks && !given.flag('no-bookmarks'),
    holds: config.holds && !given.flag('no-holds'),
    ...(config.storageClass ? { storageClass: config.storageClass } : {}),
    ...(config.concurrency ? { concurrency: config.concurrency } : {}),
    ...(config.chunkSize ? { partBytes: config.chunkSize } : {}),
    force: given.flag('force'),
    keepOnInterrupt: !given.flag('drop-on-interrupt'),
    maxMemory: config.maxMemory,
    maxRetries: config.maxRetries,
    signal,
    logger,
  };
}

function together({ arguments: given }: CommandCall, one: string, other: string): readonly ConfigProblem[] {
  if (!given.flag(one) || !given.flag(other)) return [];
  return [{ where: `--${one}`, message: `does not go together with --${other}` }];
}
