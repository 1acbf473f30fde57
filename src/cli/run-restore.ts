import { demandDataset } from '../config/demand.ts';
import { PlanConflictError } from '../lineage/conflict-error.ts';
import {
  type ReceivedBackup,
  type RestoreOptions,
  type RestorePlanReport,
  readRestorePlan,
  runRestorePlan,
} from '../restore.ts';
import { askYes, canAsk } from './ask.ts';
import { createEarlyLines } from './early-lines.ts';
import type { CommandCall } from './program.ts';
import { printJson, restoreJson, restorePlanJson } from './render-json.ts';
import {
  renderReceived,
  renderRestoreOutline,
  renderRestorePlan,
  renderRestoreResult,
} from './render-restore.ts';
import { type RestoreQuestion, readRestoreQuestion } from './restore-question.ts';
import { runRestoreStream } from './run-restore-stream.ts';
import { runThaw } from './run-thaw.ts';
import { type Session, withSession } from './session.ts';
import { createStyle } from './style.ts';
import { tellNotes } from './tell-notes.ts';

/** As the error would have that says the same where nobody can be asked. */
const DECLINED = 3;

export function runRestore(call: CommandCall): Promise<number> {
  const { arguments: given } = call;
  const question = readRestoreQuestion(given, call.stdout.interactive);
  const { dataset, problems, way } = question;
  const flags = dataset === undefined ? given.values : { ...given.values, dataset };
  const run = (session: Session) => {
    if (way.kind === 'stdout') return runRestoreStream(call, session, question);
    return way.kind === 'thaw' ? runThaw(call, session, question) : bringBack(call, session, question);
  };
  return withSession(call, run, { flags, problems });
}

async function bringBack(call: CommandCall, session: Session, question: RestoreQuestion): Promise<number> {
  const isJson = call.arguments.flag('json');
  const options = restoreOptions(call, session, question);
  const agreed = await readAgreedPlan(call, options);
  if (agreed === 'declined') {
    session.remark('Nothing was changed.');
    return DECLINED;
  }
  const { plan, isShown } = agreed;
  if (call.arguments.flag('dry-run')) {
    await call.print(isJson ? printJson(restorePlanJson(plan)) : renderRestorePlan(plan, call.stdout.style));
    return 0;
  }
  if (session.config.quiet) tellNotes(session, plan);
  else if (!isShown && plan.steps.length > 0)
    session.remark(renderRestoreOutline(plan, createStyle(false)).trimEnd());
  const lines = createEarlyLines(session);
  const isTold = !isJson && !session.config.quiet;
  const onReceived = (received: ReceivedBackup) => lines.put(isTold ? renderReceived(received) : '');
  const result = await session.watch((onProgress) =>
    runRestorePlan(plan, { ...options, onProgress, onReceived }),
  );
  lines.throwIfFailed();
  if (isJson) await call.print(printJson(restoreJson(result)));
  else if (isTold) await call.print(renderRestoreResult(result));
  if (plan.steps.length > 0) session.sumUp({ verb: 'restore', item: plan.target }, result.summary);
  return 0;
}

interface Agreed {
  readonly plan: RestorePlanReport;
  /** A person has seen it already. */
  readonly isShown: boolean;
}

/** The plan; where it would lose something and somebody is there, only after that was agreed to. */
async function readAgreedPlan(call: CommandCall, options: RestoreOptions): Promise<Agreed | 'declined'> {
  try {
    return { plan: await readRestorePlan(options), isShown: false };
  } catch (error) {
    const isLoss = error instanceof PlanConflictError && error.conflict.kind === 'would-lose-data';
    if (!isLoss || call.arguments.flag('dry-run') || !canAsk(call.io)) throw error;
  }
  const plan = await readRestorePlan({ ...options, force: true });
  call.io.stderr.write(renderRestoreOutline(plan, call.stderr.style));
  if (call.arguments.flag('yes') || (await askYes(call, 'Go on?'))) return { plan, isShown: true };
  return 'declined';
}

function restoreOptions(
  { arguments: given, signal }: CommandCall,
  { config, context, logger, file }: Session,
  { choice }: RestoreQuestion,
): RestoreOptions {
  const target = given.text('to');
  return {
    store: context.store,
    source: context.source,
    filters: context.filters,
    dataset: demandDataset(config, file),
    snapshot: choice,
    ...(target === undefined ? {} : { target }),
    force: given.flag('force'),
    abortPartial: given.flag('abort-partial'),
    mount: given.flag('mount'),
    properties: given.list('property'),
    withoutProperties: given.list('exclude-property'),
    snapshotPrefix: config.snapshotPrefix,
    expect: config.expect,
    inspect: config.inspect,
    ...(config.concurrency ? { concurrency: config.concurrency } : {}),
    maxMemory: config.maxMemory,
    maxRetries: config.maxRetries,
    signal,
    logger,
  };
}
