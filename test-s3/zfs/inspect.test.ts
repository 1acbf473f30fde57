import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { Compressor } from 'zstd-napi';
import { streamDecoders } from '../../src/filters/stream-decoders.ts';
import { createStreamInspector } from '../../src/inspect/create-stream-inspector.ts';
import type { ZfsFacts } from '../../src/inspect/stream-inspector.ts';
import { createZfsInspector } from '../../src/inspect/zfs-inspector.ts';
import { inspect, verdict } from '../../test/inspect/inspect.ts';
import { writeRandomFile } from './files.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

const CUTS = 200;

const isOpenZfs = zfsKind === 'OpenZFS';
let pool: TestPool;

beforeAll(async () => {
  pool = await createTestPool();
  await fillDatasets();
  if (isOpenZfs) await fillNewerDatasets();
});

const at = (name: string) => `${pool.name}/${name}`;

/** `a` with a child, a clone and four snapshots, of which some datasets lack some. */
async function fillDatasets(): Promise<void> {
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
}

async function fillNewerDatasets(): Promise<void> {
  await pool.zfs('bookmark', at('a@1'), at('a#1'));
  await pool.zfs('hold', 'a-hold', at('a@4'));
  await pool.zfs('create', '-o', 'recordsize=1M', at('large'));
  await writeRandomFile(join(pool.mountpoint, 'large/random'), 3_000_000);
  await writeFile(join(pool.mountpoint, 'large/text'), 'more text '.repeat(300_000));
  await pool.zfs('snapshot', at('large@1'));
  await pool.zfs('create', '-s', '-V', '8M', at('volume'));
  await pool.zfs('snapshot', at('volume@1'));
  const key = join(pool.mountpoint, 'key');
  await writeFile(key, 'correct horse');
  const encryption = ['-o', 'encryption=on', '-o', 'keyformat=passphrase', '-o', `keylocation=file://${key}`];
  await pool.zfs('create', ...encryption, at('secret'));
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

async function send(...args: readonly string[]): Promise<Buffer> {
  const { stdout } = await execa('zfs', ['send', ...args], { encoding: 'buffer', maxBuffer: 2 ** 27 });
  return Buffer.from(stdout);
}

/** Where a receive was cut short, what is left of the stream. */
async function resumed(whole: Buffer, target: string): Promise<string> {
  await execa('zfs', ['receive', '-s', '-u', target], {
    input: whole.subarray(0, Math.floor(whole.byteLength * 0.7)),
    reject: false,
  });
  return pool.get('receive_resume_token', target);
}

const full = () => createZfsInspector({ checksums: true });

interface Stream {
  readonly name: string;
  readonly make: () => Promise<Buffer>;
  /** Snapshots that must be in it, by their names behind the pool's. */
  readonly holds: readonly string[];
  readonly features?: readonly string[];
}

const common: readonly Stream[] = [
  { name: 'plain', make: () => send(at('a@1')), holds: ['a@1'] },
  { name: 'incremental', make: () => send('-i', '@1', at('a@2')), holds: ['a@2'] },
  { name: 'incremental over several', make: () => send('-i', '@1', at('a@4')), holds: ['a@4'] },
  { name: 'of a clone', make: () => send('-i', at('a@2'), at('a/clone@3')), holds: ['a/clone@3'] },
  { name: 'with properties (-p)', make: () => send('-p', at('a@2')), holds: ['a@2'] },
  { name: 'incremental with properties', make: () => send('-p', '-i', '@1', at('a@2')), holds: ['a@2'] },
  {
    name: 'a package of all between (-I)',
    make: () => send('-I', '@1', at('a@4')),
    holds: ['a@2', 'a@3', 'a@4'],
  },
  {
    name: 'a whole tree (-R)',
    make: () => send('-R', at('a@4')),
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
    make: () => send('-R', '-i', '@3', at('a@4')),
    holds: ['a@4', 'a/clone@4', 'a/kid@4', 'a/late@4'],
  },
  {
    name: 'the changes of a tree, of which some is new (-R -I)',
    make: () => send('-R', '-I', '@2', at('a@4')),
    holds: ['a@3', 'a@4', 'a/clone@3', 'a/clone@4', 'a/kid@3', 'a/kid@4', 'a/late@3', 'a/late@4'],
  },
];

const older: readonly Stream[] = [
  { name: 'deduplicated (-D)', make: () => send('-D', at('a@1')), holds: ['a@1'], features: ['dedup'] },
];

const newer: readonly Stream[] = [
  { name: 'compressed (-c)', make: () => send('-c', at('a@1')), holds: ['a@1'], features: ['compressed'] },
  {
    name: 'large blocks (-L)',
    make: () => send('-L', at('large@1')),
    holds: ['large@1'],
    features: ['large-blocks'],
  },
  { name: 'embedded data (-e)', make: () => send('-e', at('a@1')), holds: ['a@1'], features: ['embedded'] },
  { name: 'all of these', make: () => send('-Lec', at('large@1')), holds: ['large@1'] },
  {
    name: 'raw, encrypted (-w)',
    make: () => send('-w', at('secret@1')),
    holds: ['secret@1'],
    features: ['raw'],
  },
  { name: 'raw, incremental', make: () => send('-w', '-i', '@1', at('secret@2')), holds: ['secret@2'] },
  {
    name: 'a raw tree (-R -w)',
    make: () => send('-R', '-w', at('secret@2')),
    holds: ['secret@1', 'secret@2', 'secret/kid@1', 'secret/kid@2'],
  },
  { name: 'raw, not encrypted', make: () => send('-w', at('a@1')), holds: ['a@1'] },
  { name: 'with holds (-h)', make: () => send('-h', at('a@4')), holds: ['a@4'] },
  { name: 'with what was received (-b)', make: () => send('-b', at('a@4')), holds: ['a@4'] },
  { name: 'from a bookmark', make: () => send('-i', at('a#1'), at('a@3')), holds: ['a@3'] },
  { name: 'a volume', make: () => send(at('volume@1')), holds: ['volume@1'] },
  {
    name: 'redacted',
    make: () => send('--redact', 'book', at('large@1')),
    holds: ['large@1'],
    features: ['redacted'],
  },
  {
    name: 'resumed (-t)',
    make: async () => send('-t', await resumed(await send(at('large@1')), at('resumed'))),
    holds: ['large@1'],
    features: ['resuming'],
  },
];

const streams = [...common, ...(isOpenZfs ? newer : older)];

describe.each(streams)('$name', ({ make, holds, features = [] }) => {
  it('is accepted whole, and refused cut short, lengthened or damaged', async () => {
    const bytes = await make();
    const facts = (await inspect(full(), bytes)) as ZfsFacts;
    expect(facts.streams.map(({ name }) => name.slice(pool.name.length + 1)).toSorted()).toEqual(
      holds.toSorted(),
    );
    expect(facts.streams[0]?.features).toEqual(expect.arrayContaining([...features]));
    const cuts = Array.from({ length: 50 }, () => Math.floor(Math.random() * bytes.byteLength));
    expect(await inspect(full(), bytes, cuts)).toEqual(facts);
    expect(await inspect(createZfsInspector({ checksums: false }), bytes)).toEqual(facts);
    for (let n = 0; n < CUTS; n += 1) {
      const end = n < 10 ? bytes.byteLength - 1 - n * 39 : Math.floor(Math.random() * bytes.byteLength);
      const inspector = createZfsInspector({ checksums: false });
      inspector.push(bytes.subarray(0, end));
      expect(() => inspector.end()).toThrow(`truncated after ${end} bytes`);
    }
    expect((await verdict(full(), Buffer.concat([bytes, Buffer.alloc(1)]))).refused).toContain(
      'more bytes follow',
    );
    for (let n = 0; n < 20; n += 1) {
      const damaged = Buffer.from(bytes);
      const where = Math.floor(Math.random() * bytes.byteLength);
      damaged.writeUInt8(damaged.readUInt8(where) ^ (1 << (n & 7)), where);
      expect((await verdict(full(), damaged)).refused, `byte ${where}`).toBeDefined();
    }
  });

  it('is told as ZFS itself tells it', async () => {
    const bytes = await make();
    const [program, ...args] = isOpenZfs ? ['zstream', 'dump'] : ['zstreamdump'];
    const { stdout } = await execa(program as string, args, { input: bytes });
    const facts = (await inspect(full(), bytes)) as ZfsFacts;
    expect(/Total records = (\d+)/.exec(stdout)?.[1]).toBe(`${facts.records}`);
    const guids = [...stdout.matchAll(/^\s*toguid = ([0-9a-f]+)/gm)].map(([, hex]) => BigInt(`0x${hex}`));
    const own = guids.filter((guid) => guid !== 0n).map(String);
    expect(own).toEqual(expect.arrayContaining(facts.streams.map(({ guid }) => guid)));
    for (const { name, guid, createdAt } of facts.streams) {
      if (name.includes('/redacted')) continue;
      expect(await pool.get('guid', name)).toBe(guid);
      const creation = await pool.get('creation', name);
      expect(createdAt.getTime() / 1000).toBe(Number(creation));
    }
  });
});

describe('what zfs send makes when it fails', () => {
  it('in a tree: refused, though all that came is well', async () => {
    await pool.zfs('create', at('tree'));
    await pool.zfs('create', at('tree/one'));
    await pool.zfs('snapshot', '-r', at('tree@1'));
    await pool.zfs('create', at('tree/two'));
    const args = ['send', '-R', at('tree@1')];
    const { exitCode, stdout } = await execa('zfs', args, { encoding: 'buffer', reject: false });
    const { facts, refused } = await verdict(full(), Buffer.from(stdout));
    // OpenZFS leaves out what was created later, and that is well; the older one promises it.
    if (isOpenZfs) expect([exitCode, facts?.kind]).toEqual([0, 'zfs']);
    else expect([exitCode, refused]).toEqual([1, expect.stringContaining('tree/two@1 did not arrive')]);
  });

  it('in front of zstd or gzip: refused, though their data is whole', async () => {
    const whole = await send(at('a@1'));
    const cut = whole.subarray(0, whole.byteLength - 400);
    const inspector = () => createStreamInspector({ expect: 'zfs', depth: 'full', decoders: streamDecoders });
    const gzip = async (input: Buffer) => {
      const { stdout } = await execa('gzip', ['-c'], { input, encoding: 'buffer' });
      return Buffer.from(stdout);
    };
    const zstd = async (input: Buffer) => new Compressor().compress(input);
    for (const compress of [gzip, zstd]) {
      expect(await verdict(inspector(), await compress(whole))).toMatchObject({
        facts: { inner: { kind: 'zfs' } },
      });
      expect((await verdict(inspector(), await compress(cut))).refused).toContain('inside the');
    }
  });

  it('by what was received in part (--saved): no END, and yet it exits with 0', async () => {
    if (!isOpenZfs) return expect(streams).toContain(older[0]);
    const target = at('saved');
    await resumed(await send(at('large@1')), target);
    const saved = await send('--saved', target);
    expect((await verdict(full(), saved)).refused).toContain('truncated');
  });
});
