import { demandDataset } from '../config/demand.ts';
import { exitStatusOf, Zfs3BackupError } from '../errors.ts';
import { writeText } from './io.ts';
import type { CommandCall } from './program.ts';
import { renderError } from './render-error.ts';
import { printJson } from './render-json.ts';
import type { Session } from './session.ts';

/** What came of one dataset, in every form that can be asked for. */
export interface DatasetReport {
  readonly json: object;
  readonly parseable: string;
  readonly text: string;
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
  return 0;
}

/**
 * Works on each dataset that has a section in the configuration file, in the order of the file. One that fails is
 * told and does not keep the others from their turn.
 */
async function runEach(
  call: CommandCall,
  { datasets, context }: Session,
  work: (dataset: string) => Promise<DatasetReport>,
): Promise<number> {
  const isJson = call.arguments.flag('json');
  const failures: Failure[] = [];
  const json: object[] = [];
  for (const dataset of datasets) {
    try {
      const report = await work(dataset);
      json.push(report.json);
      if (!isJson) await call.print(textOf(call, report));
    } catch (error) {
      if (call.signal.aborted) throw error;
      failures.push({ dataset, error });
      json.push({ dataset, error: errorJson(error) });
      const isNamed = error instanceof Error && error.message.startsWith(dataset);
      const program = isNamed ? 'zfs3backup' : `zfs3backup: ${dataset}`;
      const debug = ['debug', 'trace'].includes(call.arguments.text('log-level') ?? '');
      await writeText(call.io.stderr, renderError(error, { program, style: call.stderr.style, debug }));
    }
  }
  if (isJson) await call.print(printJson({ store: context.store.url, datasets: json }));
  return statusOf(failures, datasets.length);
}

function errorJson(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof Zfs3BackupError ? error.code : null, message };
}

function statusOf(failures: readonly Failure[], datasets: number): number {
  const [first] = failures;
  if (first === undefined) return 0;
  if (failures.length === datasets) return exitStatusOf(first.error);
  const names = failures.map(({ dataset }) => dataset).join(', ');
  throw new Zfs3BackupError(
    'SOME_FAILED',
    `${failures.length} of ${datasets} datasets failed (${names}); the others are done`,
  );
}
