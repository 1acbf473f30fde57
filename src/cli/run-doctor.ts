import { AREAS, type Finding } from '../checks/finding.ts';
import type { Config } from '../config/config.ts';
import { createFilters } from '../context.ts';
import { type DatasetSetup, doctor } from '../doctor.ts';
import { ConfigError, type ConfigProblem, exitStatusOf, Zfs3BackupError } from '../errors.ts';
import type { CommandCall } from './program.ts';
import { doctorJson, renderFindings } from './render-doctor.ts';
import { printJson } from './render-json.ts';
import { type Session, withSession } from './session.ts';

/** A person waits: a store that is away need not be asked ten times. */
const RETRIES = '2';

export async function runDoctor(call: CommandCall): Promise<number> {
  const flags = { 'max-retries': RETRIES, ...call.arguments.values };
  try {
    return await withSession(call, (session) => examine(call, session), { flags, keepWarnings: true });
  } catch (error) {
    if (!isAboutConfiguration(error)) throw error;
    return tell(call, undefined, problemsOf(error));
  }
}

async function examine(call: CommandCall, { config, configFor, datasets, context, warnings }: Session) {
  const names = config.dataset === undefined ? datasets : [config.dataset];
  const { store, source } = context;
  const { findings } = await doctor({
    ...{ store, source, maxMemory: config.maxMemory, signal: call.signal },
    datasets: names.map((dataset) => setupOf(dataset, configFor(dataset))),
    defaults: filtersOf(config),
  });
  return tell(call, store.url, [...configurationFindings(warnings, names.length), ...findings]);
}

function setupOf(dataset: string, config: Config): DatasetSetup {
  const { snapshotPrefix, sendFlags } = config;
  return { dataset, snapshotPrefix, sendFlags, ...filtersOf(config) };
}

function filtersOf(config: Config) {
  return { filters: createFilters(config), compressor: config.compressor, encryptor: config.encryptor };
}

async function tell(
  call: CommandCall,
  store: string | undefined,
  found: readonly Finding[],
): Promise<number> {
  const findings = AREAS.flatMap((area) => found.filter((finding) => finding.area === area));
  await call.print(
    call.arguments.flag('json')
      ? printJson(doctorJson(store, findings))
      : renderFindings(findings, call.stdout.style),
  );
  const [first] = findings.flatMap(({ code }) => code ?? []);
  return first === undefined ? 0 : exitStatusOf(new Zfs3BackupError(first, ''));
}

function configurationFindings(warnings: readonly ConfigProblem[], datasets: number): readonly Finding[] {
  const area = 'configuration';
  const found: readonly Finding[] = warnings.map(({ where, message }) => ({
    ...{ area, verdict: 'warning', what: `${where}: ${message}` },
  }));
  if (datasets === 0) return [...found, NO_DATASET];
  return found.length > 0 ? found : [{ area, verdict: 'ok', what: 'nothing is wrong with it' }];
}

const NO_DATASET: Finding = {
  ...{ area: 'configuration', verdict: 'problem', code: 'CONFIG', what: 'no dataset is named' },
  todo: 'Write a section [fs:DATASET] for each, or say --dataset.',
};

/** Of a store that cannot even be opened: its address or key file is wrong. */
function isAboutConfiguration(error: unknown): error is Zfs3BackupError {
  return error instanceof Zfs3BackupError && ['CONFIG', 'USAGE'].includes(error.code);
}

function problemsOf(error: Zfs3BackupError): readonly Finding[] {
  const { code, message, advice } = error;
  const told =
    error instanceof ConfigError ? error.problems.map((each) => `${each.where}: ${each.message}`) : [message];
  return told.map((what, at) => ({
    ...{ area: 'configuration', verdict: 'problem', what, code },
    ...(at === told.length - 1 && advice !== undefined ? { todo: advice } : {}),
  }));
}
