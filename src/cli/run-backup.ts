import {
  type BackupOptions,
  type BackupPlanReport,
  type BackupResult,
  readBackupPlan,
  runBackupPlan,
  type StoredBackup,
} from '../backup.ts';
import type { Config } from '../config/config.ts';
import { createFilters } from '../context.ts';
import type { ConfigProblem } from '../errors.ts';
import { startSummary } from '../summary.ts';
import { createEarlyLines } from './early-lines.ts';
import type { CommandCall } from './program.ts';
import { renderBackupPlan, renderNothingToDo, renderParseable, renderStored } from './render-backup.ts';
import { backupJson, backupPlanJson } from './render-json.ts';
import { type DatasetReport, runChosen } from './run-each.ts';
import { type Session, withSession } from './session.ts';
import { tellNotes } from './tell-notes.ts';

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
  if (plan.steps.length > 0) tellNotes(session, plan);
  const { result, failure } = await runPlan(call, session, plan, options);
  if (plan.steps.length > 0 && !failure) session.sumUp({ verb: 'backup', item: dataset }, result.summary);
  return {
    json: backupJson(result, failure),
    // What was stored is told by then.
    parseable: '',
    text: config.quiet || failure || plan.steps.length > 0 ? '' : renderNothingToDo(plan),
    ...(failure ? { failure } : {}),
  };
}

/** Tells of each backup as it is stored, so that a later one that fails does not hide it. */
async function runPlan(
  call: CommandCall,
  session: Session,
  plan: BackupPlanReport,
  options: BackupOptions,
): Promise<{ readonly result: BackupResult; readonly failure?: { readonly error: unknown } }> {
  const { dataset, store, notes } = plan;
  const sumUp = startSummary(options.store);
  const backups: StoredBackup[] = [];
  const lines = createEarlyLines(session);
  const lineOf = storedLineOf(call, session);
  const onStored = async (stored: StoredBackup) => {
    backups.push(stored);
    await lines.put(lineOf(stored));
  };
  try {
    const result = await session.watch((onProgress) =>
      runBackupPlan(plan, { ...options, onProgress, onStored }),
    );
    lines.throwIfFailed();
    return { result };
  } catch (error) {
    const reason = call.signal.aborted ? call.signal.reason : error;
    return {
      result: { dataset, store, notes, backups, summary: sumUp(backups) },
      failure: { error: reason },
    };
  }
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

/** What stdout is told of a backup that was stored; nothing with `--json`. */
function storedLineOf({ arguments: given }: CommandCall, { config }: Session) {
  return (stored: StoredBackup): string => {
    if (given.flag('json')) return '';
    if (given.flag('parseable')) return renderParseable([[stored.name, stored.streamBytes]]);
    return config.quiet ? '' : `${renderStored(stored)}\n`;
  };
}
