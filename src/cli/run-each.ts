import { demandDataset } from '../config/demand.ts';
import { exitStatusOf, Zfs3BackupError } from '../errors.ts';
import { writeText } from './io.ts';
import type { CommandCall } from './program.ts';
import { isDebug, renderError } from './render-error.ts';
import { errorJson, printJson } from './render-json.ts';
import type { Session } from './session.ts';

/** What came of one dataset, in every form that can be asked for. */
export interface DatasetReport {
  readonly json: object;
  readonly parseable: string;
  readonly text: string;
  /** What ended the work before all was done; the rest tells what was done by then. */
  readonly failure?: { readonly error: unknown };
}

interface Failure {
  readonly dataset: string;
  readonly error: unknown;
}

function textOf({ arguments: given }: CommandCall, { parseable, text }: DatasetReport): string {
  return given.flag('parseable') ? parseable : text;
}

/** Works on the dataset that was chosen, or on each that has a section where none was. */
export async function runChosen(
  call: CommandCall,
  session: Session,
  work: (dataset: string) => Promise<DatasetReport>,
): Promise<number> {
  const { config, datasets, file } = session;
  if (config.dataset === undefined && datasets.length > 0) return runEach(call, session, work);
  const report = await work(demandDataset(config, file));
  await call.print(call.arguments.flag('json') ? printJson(report.json) : textOf(call, report));
  if (report.failure) throw report.failure.error;
  return 0;
}

/**
 * Works on each dataset that has a section in the configuration file, in the order of the file. One that fails is
 * told and does not keep the others from their turn; what an interrupt leaves undone does not hide what was done.
 */
async function runEach(
  call: CommandCall,
  { datasets, context, config }: Session,
  work: (dataset: string) => Promise<DatasetReport>,
): Promise<number> {
  const isJson = call.arguments.flag('json');
  const failures: Failure[] = [];
  const json: object[] = [];
  let isInterrupted = false;
  for (const dataset of datasets) {
    const report = await attempt(dataset, work);
    json.push(report.json);
    if (!isJson) await call.print(textOf(call, report));
    if (!report.failure) continue;
    isInterrupted = call.signal.aborted;
    if (isInterrupted) break;
    failures.push({ dataset, ...report.failure });
    await tellFailure(call, dataset, report.failure.error, isDebug(config.logLevel));
  }
  if (isJson) await call.print(printJson({ store: context.store.url, datasets: json }));
  if (isInterrupted) throw call.signal.reason;
  return statusOf(failures, datasets.length, call.arguments.flag('dry-run'));
}

async function attempt(
  dataset: string,
  work: (dataset: string) => Promise<DatasetReport>,
): Promise<DatasetReport> {
  try {
    return await work(dataset);
  } catch (error) {
    return { json: { dataset, error: errorJson(error) }, parseable: '', text: '', failure: { error } };
  }
}

async function tellFailure(
  call: CommandCall,
  dataset: string,
  error: unknown,
  debug: boolean,
): Promise<void> {
  const isNamed = error instanceof Error && error.message.startsWith(dataset);
  const program = isNamed ? 'zfs3backup' : `zfs3backup: ${dataset}`;
  await writeText(call.io.stderr, renderError(error, { program, style: call.stderr.style, debug }));
}

function statusOf(failures: readonly Failure[], datasets: number, isDry: boolean): number {
  const [first] = failures;
  if (first === undefined) return 0;
  if (failures.length === datasets) return exitStatusOf(first.error);
  const names = failures.map(({ dataset }) => dataset).join(', ');
  throw new Zfs3BackupError(
    'SOME_FAILED',
    `${failures.length} of ${datasets} datasets failed (${names}); the others are ${isDry ? 'shown' : 'done'}`,
  );
}
