import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { Compressor } from 'zstd-napi';
import { streamDecoders } from '../../src/filters/stream-decoders.ts';
import { createStreamInspector } from '../../src/inspect/create-stream-inspector.ts';
import type { ZfsFacts } from '../../src/inspect/stream-inspector.ts';
import { createZfsInspector } from '../../src/inspect/zfs-inspector.ts';
import { inspect, verdict } from '../../test/inspect/inspect.ts';
import { AS_BYTES } from '../as-bytes.ts';
import { fillDatasets, leavePart, SENT_STREAMS, send } from './sent-streams.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

const CUTS = 200;

const isOpenZfs = zfsKind === 'OpenZFS';
let pool: TestPool;

beforeAll(async () => {
  pool = await createTestPool();
  await fillDatasets(pool);
});

const at = (name: string) => `${pool.name}/${name}`;

const full = () => createZfsInspector({ checksums: true });

describe.each(SENT_STREAMS)('$name', ({ words, holds, features = [] }) => {
  const make = async () => send(pool, ...(typeof words === 'function' ? await words(pool) : words));

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
    const { exitCode, stdout } = await execa('zfs', args, { ...AS_BYTES, reject: false });
    const { facts, refused } = await verdict(full(), Buffer.from(stdout));
    // OpenZFS leaves out what was created later, and that is well; the older one promises it.
    if (isOpenZfs) expect([exitCode, facts?.kind]).toEqual([0, 'zfs']);
    else expect([exitCode, refused]).toEqual([1, expect.stringContaining('tree/two@1 did not arrive')]);
  });

  it('in front of zstd or gzip: refused, though their data is whole', async () => {
    const whole = await send(pool, 'a@1');
    const cut = whole.subarray(0, whole.byteLength - 400);
    const inspector = () => createStreamInspector({ expect: 'zfs', depth: 'full', decoders: streamDecoders });
    const gzip = async (input: Buffer) => {
      const { stdout } = await execa('gzip', ['-c'], { input, ...AS_BYTES });
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
    if (!isOpenZfs) return expect(SENT_STREAMS.map(({ name }) => name)).toContain('deduplicated (-D)');
    await leavePart(pool, 'large@1', 'saved');
    const saved = await send(pool, '--saved', at('saved'));
    expect((await verdict(full(), saved)).refused).toContain('truncated');
  });
});
