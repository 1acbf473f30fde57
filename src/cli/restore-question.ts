import type { ConfigProblem } from '../errors.ts';
import type { BackupChoice } from '../lineage/choose-backup.ts';
import { whyNotName, whyNotSet } from '../reading/receive-properties.ts';
import type { ThawTier } from '../store/object-store.ts';
import { parseTime } from './parse-time.ts';
import type { Arguments } from './program.ts';

/** What the command line of a restore asks for. */
export interface RestoreQuestion {
  readonly choice: BackupChoice;
  /** The dataset that it names, before the `@`. */
  readonly dataset: string | undefined;
  readonly way:
    | { readonly kind: 'receive' }
    | { readonly kind: 'stdout'; readonly resumeToken: string | undefined }
    | { readonly kind: 'thaw'; readonly days: number; readonly tier: ThawTier };
  readonly problems: readonly ConfigProblem[];
}

const TIERS = ['Standard', 'Bulk', 'Expedited'] as const satisfies readonly ThawTier[];
/** What has no meaning where nothing is received. */
const RECEIVING = ['to', 'force', 'yes', 'abort-partial', 'mount', 'property', 'exclude-property'];

export function readRestoreQuestion(given: Arguments, isTerminal: boolean): RestoreQuestion {
  const { choice, dataset, problems } = readChoice(given);
  const { way, wayProblems } = readWay(given, isTerminal);
  const properties = [
    ...given.list('property').map((text) => ({ where: '--property', text, why: whyNotSet(text) })),
    ...given.list('exclude-property').map((text) => {
      return { where: '--exclude-property', text, why: whyNotName(text) };
    }),
  ].flatMap(({ where, text, why }) => (why ? [{ where, message: `${JSON.stringify(text)} ${why}` }] : []));
  return { choice, dataset, way, problems: [...problems, ...wayProblems, ...properties] };
}

/** `dataset@name` names the dataset too: a configured one gives way, one on the command line must agree. */
function readChoice(given: Arguments) {
  const problems: ConfigProblem[] = [];
  const [word] = given.positionals;
  const before = given.text('before');
  const time = before === undefined ? undefined : parseTime(before);
  if (before !== undefined && time === undefined) {
    const message = `${JSON.stringify(before)} is no time such as 2026-01-31 or "2026-01-31 18:00"`;
    problems.push({ where: '--before', message });
  }
  const ways = [word && 'SNAPSHOT', given.flag('latest') && '--latest', before !== undefined && '--before'];
  const named = ways.filter((way) => way);
  if (word === undefined && named.length === 0)
    problems.push({ where: 'SNAPSHOT', message: 'is missing; --latest or --before TIME would do, too' });
  if (named.length > 1) problems.push({ where: named.join(' and '), message: 'one of them is meant' });
  const at = word?.indexOf('@') ?? -1;
  if (word !== undefined && at < 0 && word.includes('/')) {
    const message = `is a dataset, no snapshot: write ${word}@NAME, or --latest --dataset ${word}`;
    problems.push({ where: word, message });
  }
  const dataset = word === undefined || at <= 0 ? undefined : word.slice(0, at);
  const name = word?.slice(at + 1) ?? '';
  if (word !== undefined && name === '')
    problems.push({ where: word || 'SNAPSHOT', message: 'names no snapshot' });
  const asked = given.text('dataset');
  if (dataset !== undefined && asked !== undefined && asked !== dataset)
    problems.push({ where: '--dataset', message: `${asked} is another dataset than that of ${word}` });
  const choice: BackupChoice = time
    ? { by: 'before', time }
    : given.flag('latest')
      ? { by: 'latest' }
      : { by: 'name', name };
  return { choice, dataset, problems };
}

function readWay(given: Arguments, isTerminal: boolean) {
  const problems: ConfigProblem[] = [];
  const isStdout = given.flag('stdout');
  const [days, tier, resumeToken] = [given.text('thaw'), given.text('tier'), given.text('resume-token')];
  const only = isStdout ? '--stdout' : days === undefined ? undefined : '--thaw';
  if (isStdout && days !== undefined)
    problems.push({ where: '--thaw', message: 'does not go together with --stdout' });
  const without = isStdout ? [...RECEIVING, 'dry-run', 'json'] : RECEIVING;
  for (const name of only ? without : []) {
    if (given.flag(name) || given.list(name).length > 0)
      problems.push({ where: `--${name}`, message: `does not go together with ${only}` });
  }
  if (isStdout && isTerminal)
    problems.push({ where: '--stdout', message: 'stdout is a terminal: give it a pipe or a file' });
  if (!isStdout && resumeToken !== undefined)
    problems.push({ where: '--resume-token', message: 'goes with --stdout only' });
  if (days === undefined && tier !== undefined)
    problems.push({ where: '--tier', message: 'goes with --thaw only' });
  if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days))
    problems.push({ where: '--thaw', message: `${JSON.stringify(days)} is no number of days` });
  const known = TIERS.find((each) => each.toLowerCase() === tier?.toLowerCase());
  if (tier !== undefined && known === undefined)
    problems.push({ where: '--tier', message: `${JSON.stringify(tier)} is none of ${TIERS.join(', ')}` });
  return { way: wayOf(isStdout, resumeToken, days, known ?? 'Standard'), wayProblems: problems };
}

function wayOf(
  isStdout: boolean,
  resumeToken: string | undefined,
  days: string | undefined,
  tier: ThawTier,
): RestoreQuestion['way'] {
  if (isStdout) return { kind: 'stdout', resumeToken };
  return days === undefined ? { kind: 'receive' } : { kind: 'thaw', days: Number(days), tier };
}
