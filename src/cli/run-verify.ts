import { type ConfigProblem, exitStatusTable } from '../errors.ts';
import type { VerifyLevel } from '../lineage/plan-verify.ts';
import { startSummary } from '../summary.ts';
import { readVerifyPlan, runVerifyPlan, type VerifyOptions, type VerifyResult } from '../verify.ts';
import type { Arguments, CommandCall } from './program.ts';
import { printJson } from './render-json.ts';
import { renderVerify } from './render-verify.ts';
import { renderVerifyPlan } from './render-verify-plan.ts';
import { type Session, withSession } from './session.ts';
import { verifyJson, verifyPlanJson } from './verify-json.ts';

const DAMAGED = 3;
const FAILED = 1;

export function runVerify(call: CommandCall): Promise<number> {
  const { wanted, problems } = readWanted(call);
  return withSession(call, (session) => lookAt(call, session, wanted), { problems });
}

async function lookAt(
  call: CommandCall,
  session: Session,
  wanted: Pick<VerifyOptions, 'level' | 'sample'>,
): Promise<number> {
  const options = { ...verifyOptions(call, session), ...wanted };
  const sumUp = startSummary(options.store);
  const plan = await readVerifyPlan(options);
  const isJson = call.arguments.flag('json');
  if (call.arguments.flag('dry-run')) {
    await call.print(isJson ? printJson(verifyPlanJson(plan)) : renderVerifyPlan(plan));
    return 0;
  }
  const result = await session.watch((onProgress) => runVerifyPlan(plan, { ...options, onProgress }, sumUp));
  const status = statusOf(result);
  if (result.summary.storedBytes > 0) session.sumUp({ verb: 'verify', item: result.store }, result.summary);
  if (isJson) await call.print(printJson(verifyJson(result)));
  else if (!session.config.quiet || status !== 0) {
    await call.print(renderVerify(result, call.stdout.style, session.config.quiet));
  }
  return status;
}

function verifyOptions(
  { arguments: given, signal }: CommandCall,
  { config, context, logger }: Session,
): VerifyOptions {
  const { store, source, filters } = context;
  const scratch = given.text('scratch');
  const asked = given.text('dataset');
  // A configured dataset gives way to those that are named.
  const dataset = given.positionals.some((name) => name.includes('@')) ? asked : config.dataset;
  return {
    ...{ store, source, filters, signal, logger, snapshots: given.positionals },
    ...(dataset === undefined ? {} : { dataset }),
    ...(scratch === undefined ? {} : { scratch }),
    snapshotPrefix: config.snapshotPrefix,
    ...(config.concurrency ? { concurrency: config.concurrency } : {}),
    maxMemory: config.maxMemory,
    maxRetries: config.maxRetries,
  };
}

/** What is asked for, and all that is wrong with how. */
function readWanted({ arguments: given }: CommandCall) {
  const problems = otherDatasets(given);
  const level = readLevel(given.text('level'), problems);
  const fraction = readFraction(given.text('sample'), problems);
  const seed = readSeed(given.text('seed'), problems);
  const needs = (name: string, what: boolean, message: string) => {
    if (given.text(name) !== undefined && !what) problems.push({ where: `--${name}`, message });
  };
  needs('sample', level > 1, 'goes with --level 2 or 3: level 1 looks at everything');
  needs('seed', given.text('sample') !== undefined, 'goes with --sample');
  needs('scratch', level === 3, 'goes with --level 3');
  const sample =
    fraction === undefined ? {} : { sample: { fraction, ...(seed === undefined ? {} : { seed }) } };
  return { wanted: { level, ...sample }, problems };
}

/** `dataset@name` names the dataset too: one on the command line must agree. */
function otherDatasets(given: Arguments): ConfigProblem[] {
  const asked = given.text('dataset');
  return given.positionals
    .filter((name) => name.indexOf('@') > 0 && asked !== undefined && !name.startsWith(`${asked}@`))
    .map((name) => ({ where: '--dataset', message: `${asked} is another dataset than that of ${name}` }));
}

function readLevel(text: string | undefined, problems: ConfigProblem[]): VerifyLevel {
  const level = ([1, 2, 3] as const).find((each) => String(each) === (text ?? '1'));
  if (level === undefined) problems.push({ where: '--level', message: `is 1, 2 or 3 (given: ${text})` });
  return level ?? 1;
}

function readFraction(text: string | undefined, problems: ConfigProblem[]): number | undefined {
  if (text === undefined) return undefined;
  const percent = /^(\d{1,3}(?:\.\d{1,6})?)%?$/.exec(text)?.[1];
  const fraction = Number(percent) / 100;
  if (fraction > 0 && fraction <= 1) return fraction;
  problems.push({ where: '--sample', message: `is a percentage such as 5% (given: ${text})` });
  return undefined;
}

function readSeed(text: string | undefined, problems: ConfigProblem[]): number | undefined {
  if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text);
  problems.push({ where: '--seed', message: `is a whole number (given: ${text})` });
  return undefined;
}

/** Damage first; then what could not be looked at, by its own error. */
function statusOf({ backups }: VerifyResult): number {
  if (backups.some(({ verdict }) => verdict === 'damaged' || verdict === 'not restorable')) return DAMAGED;
  const table = new Map<string, number>(exitStatusTable());
  const statuses = backups.flatMap(({ notVerified }) =>
    notVerified ? [table.get(notVerified.code ?? '') ?? FAILED] : [],
  );
  return Math.max(0, ...statuses);
}
