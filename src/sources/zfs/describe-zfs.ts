import { userInfo } from 'node:os';
import { Zfs3BackupError } from '../../errors.ts';
import { runProcess } from '../../stream/run-process.ts';
import type { SourceOptions } from '../source.ts';
import type { SourceFacts } from '../source-facts.ts';
import type { ZfsFeatures } from './features.ts';
import { isDatasetName } from './names.ts';
import { parseAllowed, type User } from './parse-allow.ts';

/** Runs `zfs` with these arguments; fails as the source does. */
type RunZfs = (args: readonly string[], options: SourceOptions) => Promise<string>;

const LACKING: ReadonlyArray<readonly [keyof ZfsFeatures, string]> = [
  ['estimates', 'it cannot tell how long a stream will be, so parts grow as it comes'],
  ['rawSend', 'it cannot send encrypted datasets as they are'],
  ['unmountedReceive', 'what is restored is mounted at once'],
  ['resumableReceive', 'a restore that was cut off starts its backup again'],
  ['bookmarks', 'the newest snapshot that is backed up must stay: there are no bookmarks to go on from'],
];

export async function describeZfs(
  zfs: RunZfs,
  features: ZfsFeatures,
  datasets: readonly string[],
  options: SourceOptions,
): Promise<SourceFacts> {
  const user = await readUser(options);
  const allowed = new Map<string, readonly string[] | undefined>();
  for (const dataset of user.isRoot ? [] : datasets) {
    allowed.set(dataset, await readAllowed(zfs, dataset, user, options));
  }
  return {
    program: await readVersion(zfs, options),
    lacks: LACKING.filter(([feature]) => !features[feature]).map(([, words]) => words),
    user: user.name,
    isRoot: user.isRoot,
    allowed,
  };
}

/** `zfs version` came with OpenZFS 0.8. */
async function readVersion(zfs: RunZfs, options: SourceOptions): Promise<string> {
  const output = await orAbsent(zfs(['version'], options), options);
  const version = /^zfs-(\d[\w.-]*)$/m.exec(output ?? '')?.[1];
  return version === undefined ? 'an old ZFS, without `zfs version`' : `OpenZFS ${version}`;
}

async function readUser(options: SourceOptions): Promise<User & { readonly isRoot: boolean }> {
  const { username: name, uid } = userInfo();
  const { stdout } = await runProcess(['id', '-Gn'], options);
  return { name, groups: stdout.trim().split(' '), isRoot: uid === 0 };
}

async function readAllowed(zfs: RunZfs, dataset: string, user: User, options: SourceOptions) {
  if (!isDatasetName(dataset)) return undefined;
  const output = await orAbsent(zfs(['allow', dataset], options), options);
  return output === undefined ? undefined : parseAllowed(output, dataset, user);
}

async function orAbsent<T>(work: Promise<T>, { signal }: SourceOptions): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
    return undefined;
  }
}
