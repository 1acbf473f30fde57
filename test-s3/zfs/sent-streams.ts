import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { AS_BYTES } from '../as-bytes.ts';
import { createEncryptedDataset } from './encrypted-dataset.ts';
import { writeRandomFile } from './files.ts';
import type { TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

/** What `zfs send` can make of the datasets below. */
export interface SentStream {
  readonly name: string;
  /** Of `zfs send`; snapshots and bookmarks without the pool's name. */
  readonly words: readonly string[] | ((pool: TestPool) => Promise<readonly string[]>);
  /** Snapshots that must be in it, by their names behind the pool's. */
  readonly holds: readonly string[];
  readonly features?: readonly string[];
}

const common: readonly SentStream[] = [
  { name: 'plain', words: ['a@1'], holds: ['a@1'] },
  { name: 'incremental', words: ['-i', '@1', 'a@2'], holds: ['a@2'] },
  { name: 'incremental over several', words: ['-i', '@1', 'a@4'], holds: ['a@4'] },
  { name: 'of a clone', words: ['-i', 'a@2', 'a/clone@3'], holds: ['a/clone@3'] },
  { name: 'with properties (-p)', words: ['-p', 'a@2'], holds: ['a@2'] },
  { name: 'incremental with properties', words: ['-p', '-i', '@1', 'a@2'], holds: ['a@2'] },
  {
    name: 'a package of all between (-I)',
    words: ['-I', '@1', 'a@4'],
    holds: ['a@2', 'a@3', 'a@4'],
  },
  {
    name: 'a whole tree (-R)',
    words: ['-R', 'a@4'],
    holds: [
      'a@1',
      'a@2',
      'a@3',
      'a@4',
      'a/clone@3',
      'a/clone@4',
      'a/kid@1',
      'a/kid@2',
      'a/kid@3',
      'a/kid@4',
      'a/late@3',
      'a/late@4',
    ],
  },
  {
    name: 'the changes of a tree (-R -i)',
    words: ['-R', '-i', '@3', 'a@4'],
    holds: ['a@4', 'a/clone@4', 'a/kid@4', 'a/late@4'],
  },
  {
    name: 'the changes of a tree, of which some is new (-R -I)',
    words: ['-R', '-I', '@2', 'a@4'],
    holds: ['a@3', 'a@4', 'a/clone@3', 'a/clone@4', 'a/kid@3', 'a/kid@4', 'a/late@3', 'a/late@4'],
  },
];

const older: readonly SentStream[] = [
  { name: 'deduplicated (-D)', words: ['-D', 'a@1'], holds: ['a@1'], features: ['dedup'] },
];

const newer: readonly SentStream[] = [
  { name: 'compressed (-c)', words: ['-c', 'a@1'], holds: ['a@1'], features: ['compressed'] },
  {
    name: 'large blocks (-L)',
    words: ['-L', 'large@1'],
    holds: ['large@1'],
    features: ['large-blocks'],
  },
  { name: 'embedded data (-e)', words: ['-e', 'a@1'], holds: ['a@1'], features: ['embedded'] },
  { name: 'all of these', words: ['-Lec', 'large@1'], holds: ['large@1'] },
  {
    name: 'raw, encrypted (-w)',
    words: ['-w', 'secret@1'],
    holds: ['secret@1'],
    features: ['raw'],
  },
  { name: 'raw, incremental', words: ['-w', '-i', '@1', 'secret@2'], holds: ['secret@2'] },
  {
    name: 'a raw tree (-R -w)',
    words: ['-R', '-w', 'secret@2'],
    holds: ['secret@1', 'secret@2', 'secret/kid@1', 'secret/kid@2'],
  },
  { name: 'raw, not encrypted', words: ['-w', 'a@1'], holds: ['a@1'] },
  { name: 'with holds (-h)', words: ['-h', 'a@4'], holds: ['a@4'] },
  { name: 'with what was received (-b)', words: ['-b', 'a@4'], holds: ['a@4'] },
  { name: 'from a bookmark', words: ['-i', 'a#1', 'a@3'], holds: ['a@3'] },
  { name: 'a volume', words: ['volume@1'], holds: ['volume@1'] },
  {
    name: 'redacted',
    words: ['--redact', 'book', 'large@1'],
    holds: ['large@1'],
    features: ['redacted'],
  },
  {
    name: 'resumed (-t)',
    words: async (pool) => ['-t', await leavePart(pool, 'large@1', 'resumed')],
    holds: ['large@1'],
    features: ['resuming'],
  },
];

export const SENT_STREAMS = [...common, ...(zfsKind === 'OpenZFS' ? newer : older)];

/** `a` with a child, a clone and four snapshots, of which some datasets lack some. */
export async function fillDatasets(pool: TestPool): Promise<void> {
  const at = (name: string) => `${pool.name}/${name}`;
  await pool.zfs('create', '-o', 'compression=on', at('a'));
  await pool.zfs('create', at('a/kid'));
  const folder = join(pool.mountpoint, 'a');
  await writeRandomFile(join(folder, 'random'), 700_001);
  await writeFile(join(folder, 'text'), 'some text '.repeat(30_000));
  await writeFile(join(folder, 'tiny'), 'x'.repeat(70));
  await symlink('text', join(folder, 'link'));
  await mkdir(join(folder, 'many'));
  for (let n = 0; n < 60; n += 1) await writeFile(join(folder, 'many', `file ${n}`), `${n}`);
  await writeFile(join(folder, 'kid/file'), 'of the child');
  await pool.zfs('snapshot', '-r', at('a@1'));
  await writeRandomFile(join(folder, 'random'), 300_000);
  await writeFile(join(folder, 'many/file 7'), 'changed');
  await pool.zfs('snapshot', '-r', at('a@2'));
  await pool.zfs('create', at('a/late'));
  await pool.zfs('clone', at('a@2'), at('a/clone'));
  await writeFile(join(folder, 'clone/own'), 'of the clone');
  await pool.zfs('snapshot', '-r', at('a@3'));
  await writeFile(join(folder, 'late/file'), 'late');
  await pool.zfs('snapshot', '-r', at('a@4'));
  if (zfsKind === 'OpenZFS') await fillNewerDatasets(pool);
}

async function fillNewerDatasets(pool: TestPool): Promise<void> {
  const at = (name: string) => `${pool.name}/${name}`;
  await pool.zfs('bookmark', at('a@1'), at('a#1'));
  await pool.zfs('hold', 'a-hold', at('a@4'));
  await pool.zfs('create', '-o', 'recordsize=1M', at('large'));
  await writeRandomFile(join(pool.mountpoint, 'large/random'), 3_000_000);
  await writeFile(join(pool.mountpoint, 'large/text'), 'more text '.repeat(300_000));
  await pool.zfs('snapshot', at('large@1'));
  await pool.zfs('create', '-s', '-V', '8M', at('volume'));
  await pool.zfs('snapshot', at('volume@1'));
  await createEncryptedDataset(pool, 'secret', 'passphrase');
  await pool.zfs('create', at('secret/kid'));
  await writeRandomFile(join(pool.mountpoint, 'secret/random'), 500_000);
  await pool.zfs('snapshot', '-r', at('secret@1'));
  await writeFile(join(pool.mountpoint, 'secret/more'), 'more');
  await pool.zfs('snapshot', '-r', at('secret@2'));
  await pool.zfs('clone', at('large@1'), at('redacted'));
  await writeFile(join(pool.mountpoint, 'redacted/text'), 'nothing to see');
  await pool.zfs('snapshot', at('redacted@1'));
  await pool.zfs('redact', at('large@1'), 'book', at('redacted@1'));
}

export async function send(pool: TestPool, ...words: readonly string[]): Promise<Buffer> {
  const args = words.map((word) => (/^\w.*[@#]/.test(word) ? `${pool.name}/${word}` : word));
  const { stdout } = await execa('zfs', ['send', ...args], { ...AS_BYTES, maxBuffer: 2 ** 27 });
  return Buffer.from(stdout);
}

/** Cuts a receive short; what it returns tells `zfs send` where to go on. */
export async function leavePart(pool: TestPool, snapshot: string, target: string): Promise<string> {
  const whole = await send(pool, snapshot);
  await execa('zfs', ['receive', '-s', '-u', `${pool.name}/${target}`], {
    input: whole.subarray(0, Math.floor(whole.byteLength * 0.7)),
    reject: false,
  });
  return pool.get('receive_resume_token', `${pool.name}/${target}`);
}
