import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { startFaultProxy } from '../faults/fault-proxy.ts';
import {
  answer,
  halfAnswer,
  loseAnswer,
  resetAfterBody,
  resetBeforeBody,
  resetInBody,
} from '../faults/faults.ts';
import type { RequestKind } from '../faults/seen-request.ts';
import type { Outcome } from '../main/run-cli.ts';
import type { Soaked } from './invariant.ts';
import type { Random } from './random.ts';

export interface Bed extends Soaked {
  /** Of the S3 server. */
  readonly endpoint: string;
  readonly random: Random;
}

/** How often each happens, beside the others. */
export const ACTIONS = {
  snapshot: 7,
  backup: 6,
  'backup, killed': 4,
  'backup, with faults': 4,
  'full backup': 1,
  'destroy a snapshot': 1,
  'take a snapshot anew': 1,
  'rename a snapshot': 1,
  'roll back': 1,
  prune: 2,
  'prune, killed': 2,
  delete: 1,
  'delete, killed': 1,
  'clean up': 1,
  'restore over it': 1,
  'restore, killed': 1,
} as const;

export type Action = keyof typeof ACTIONS;

const FAULTS = {
  resetBeforeBody,
  resetInBody,
  resetAfterBody,
  loseAnswer,
  halfAnswer,
  'answer 500': answer(500, 'InternalError'),
  'answer 503': answer(503, 'SlowDown'),
  'answer 403': answer(403, 'AccessDenied'),
};
const KINDS: readonly RequestKind[] = [
  'create',
  'part',
  'complete',
  'put',
  'head',
  'list',
  'remove',
  'list-uploads',
];
const KEEPS = ['1', '2', '3', '1,1d1w', '2,1h1d', '5'];

/** Does one thing, and tells how it went; a program may fail as long as it fails cleanly. */
export async function act(action: Action, bed: Bed, step: number): Promise<string> {
  const { data, random } = bed;
  const snapshots = await data.snapshots();
  const isEmpty = snapshots.length === 0;
  switch (action) {
    case 'snapshot':
      await data.snapshot(`s ${step}`);
      return `@s ${step}`;
    case 'backup':
      return backUp(bed);
    case 'full backup':
      return run(bed, ['backup', '--full']);
    case 'backup, killed':
      return killed(bed, random.below(8) === 0 ? ['backup', '--full'] : ['backup']);
    case 'backup, with faults':
      return backUpThroughFaults(bed);
    case 'destroy a snapshot':
      if (isEmpty) return 'there is none';
      return change(random.pick(snapshots), (name) => data.destroy(name));
    case 'take a snapshot anew':
      if (isEmpty) return 'there is none';
      return change(random.pick(snapshots), async (name) => {
        await data.destroy(name);
        await data.snapshot(name);
      });
    case 'rename a snapshot':
      if (isEmpty) return 'there is none';
      // with the prefix that is backed up, or without it
      return change(random.pick(snapshots), (name) =>
        data.rename(name, `${random.pick(['s', 'r'])} ${step}`),
      );
    case 'roll back':
      if (isEmpty) return 'there is none';
      return change(random.pick(snapshots), (name) => data.rollback(name));
    case 'prune':
      return run(bed, ['prune', '--keep', random.pick(KEEPS), '--yes']);
    case 'prune, killed':
      return killed(bed, ['prune', '--keep', random.pick(KEEPS), '--yes']);
    case 'delete':
    case 'delete, killed': {
      const stored = await storedNames(bed);
      if (stored.length === 0) return 'nothing is stored';
      const args = ['delete', random.pick(stored), '--with-children', '--yes'];
      return action === 'delete' ? run(bed, args) : killed(bed, args);
    }
    case 'clean up':
      return run(bed, ['cleanup', '--older-than', random.pick(['0s', '7d'])]);
    case 'restore over it':
      return restoreOver(bed);
    case 'restore, killed':
      return restoreKilled(bed);
  }
}

/** ZFS refuses what is held, and is right to. */
async function change(snapshot: string, work: (snapshot: string) => Promise<unknown>): Promise<string> {
  try {
    await work(snapshot);
    return `@${snapshot}`;
  } catch (error) {
    return `@${snapshot} refused: ${String(error).split('\n').at(-1)}`;
  }
}

async function run({ cli }: Bed, args: readonly string[]): Promise<string> {
  return told(args, await cli.zfs3backup(...args));
}

/** A chain whose base was destroyed here is at its end; as a person would, another one is begun. */
async function backUp(bed: Bed): Promise<string> {
  const outcome = await bed.cli.zfs3backup('backup');
  const said = told(['backup'], outcome);
  return outcome.status === 3 ? `${said}; then ${await run(bed, ['backup', '--full'])}` : said;
}

/** A bug exits with 1 and a stack, a command that is misused with 2; everything else says what to do. */
function told(args: readonly string[], { status, stderr }: Outcome): string {
  if (status === undefined || status === 2 || /^\s+at .*:\d+:\d+\)?$/m.test(stderr)) {
    throw new Error(`zfs3backup ${args.join(' ')} broke down:\n${stderr}`);
  }
  const last = stderr.trim().split('\n')[0] ?? '';
  return `${args.join(' ')}: exit ${status}${status === 0 ? '' : ` (${last})`}`;
}

async function killed({ cli, random }: Bed, args: readonly string[]): Promise<string> {
  const afterMs = 100 + random.below(900);
  const program = execa(process.execPath, ['bin/zfs3backup.js', ...args], {
    env: cli.env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  await setTimeout(afterMs);
  const wasRunning = program.exitCode === null;
  program.kill('SIGKILL');
  await program;
  // what was under way may still arrive, and zfs-fuse lets go of a dataset only after a moment
  await setTimeout(500);
  return `${args.join(' ')}: ${wasRunning ? 'killed' : 'done'} after ${afterMs} ms`;
}

async function backUpThroughFaults({ cli, endpoint, random }: Bed): Promise<string> {
  const proxy = await startFaultProxy(endpoint);
  const faults: string[] = [];
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const name = random.pick(Object.keys(FAULTS) as Array<keyof typeof FAULTS>);
    const kind = random.pick(KINDS);
    proxy.inject({ kind, skip: random.below(3), times: 1 + random.below(2) }, FAULTS[name]);
    faults.push(`${name} to ${kind}`);
  }
  const args = ['backup', '--max-retries', '2'];
  try {
    const outcome = await cli.with({ ENDPOINT: proxy.endpoint }).zfs3backup(...args);
    return `${told(args, outcome)} with ${faults.join(', ')}`;
  } finally {
    await proxy.close();
  }
}

async function storedNames({ cli }: Bed): Promise<readonly string[]> {
  const { stdout } = await cli.zfs3backup('status', '--json');
  if (stdout === '') return [];
  const rows: Array<{ name: string; type: string }> = JSON.parse(stdout).snapshots;
  return rows.filter(({ type }) => type !== 'missing').map(({ name }) => name);
}

async function restoreOver(bed: Bed): Promise<string> {
  const stored = await storedNames(bed);
  if (stored.length === 0) return 'nothing is stored';
  return run(bed, ['restore', bed.random.pick(stored), '--force']);
}

/** Killed, then once more: it must end, or say why not and do no harm. */
async function restoreKilled(bed: Bed): Promise<string> {
  const stored = await storedNames(bed);
  if (stored.length === 0) return 'nothing is stored';
  const args = ['restore', bed.random.pick(stored), '--to', `${bed.pool.name}/killed`];
  const first = await killed(bed, args);
  const again = await run(bed, [...args, '--force']);
  await bed.pool.destroyDataset(`${bed.pool.name}/killed`);
  return `${first}; again: ${again}`;
}
