import { execFile } from 'node:child_process';
import {
  appendFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backup } from '../src/backup.ts';
import { StoreError } from '../src/errors.ts';
import type { Filter } from '../src/filters/filter.ts';
import { createFilterRegistry } from '../src/filters/registry.ts';
import { createDirectoryStore } from '../src/store/directory-store.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { type VerifiedBackup, type VerifyOptions, type VerifyResult, verify } from '../src/verify.ts';
import { createStreamBuilder } from './inspect/build-stream.ts';
import { collect, cutAt, thrownBy } from './stream/fixtures.ts';
import { bytesOf } from './transfer/bytes.ts';
import { createMachine, type MachineSnapshot, streamOf } from './zfs-machine.ts';

const DATASET = 'tank/a';
const MIB = 1024 ** 2;
const PART_BYTES = 3000;
const run = promisify(execFile);
const filters = createFilterRegistry();

/** Three snapshots, stored as a full and two incrementals, in parts of 3,000 bytes, with their records. */
async function createChain({
  compressor,
  encryptor,
}: {
  readonly compressor?: string;
  readonly encryptor?: Filter;
} = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'verify-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const directory = createDirectoryStore({ path: folder, prefix: 'p/' });
  const store: ObjectStore = { ...directory, limits: { ...directory.limits, minPartBytes: 1 } };
  const machine = createMachine(
    DATASET,
    ['1', '2', '3'].map((name, at) => ({ name, guid: BigInt(at + 11) })),
  );
  const filter = filters.find(compressor);
  await backup({
    ...{ store, source: machine.source, dataset: DATASET, history: true, partBytes: PART_BYTES },
    ...(filter ? { filter } : {}),
    ...(encryptor ? { encryptor } : {}),
  });
  const fileOf = (snapshot: string) => join(folder, 'p', `${DATASET}@${snapshot}`);
  return {
    store,
    machine,
    folder,
    fileOf,
    check: (options: Partial<VerifyOptions> = {}) => check(store, options),
  };
}

const check = (store: ObjectStore, options: Partial<VerifyOptions> = {}) =>
  verify({ store, filters, maxRetries: 0, ...options });

const verdicts = ({ backups }: VerifyResult) =>
  backups.map(({ snapshot, verdict }) => `${snapshot}: ${verdict}`);

function of(result: VerifyResult, snapshot: string): VerifiedBackup {
  const found = result.backups.find((each) => each.snapshot === snapshot);
  if (!found) throw new Error(`nothing is said of ${snapshot}`);
  return found;
}

const findings = (result: VerifyResult, snapshot: string) =>
  of(result, snapshot).findings.map(({ kind }) => kind);

/** Changes a file as a bad disk does: neither its time nor its size tell. */
async function rot(file: string, at: number): Promise<void> {
  await run('cp', ['-p', file, `${file}.before`]);
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  await handle.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
  await handle.close();
  await run('touch', ['-r', `${file}.before`, file]);
  await unlink(`${file}.before`);
}

const FINE = ['1: ok', '2: ok', '3: ok'];
const FIRST_DAMAGED = ['1: damaged', '2: not restorable', '3: not restorable'];

describe('what is whole', () => {
  it.each([undefined, 'zstd', 'gzip'])('is ok at each level (%s)', async (compressor) => {
    const { check, machine } = await createChain(compressor === undefined ? {} : { compressor });
    for (const level of [1, 2, 3] as const) {
      machine.datasets.set('pool/scratch', []);
      const result = await check({ level, source: machine.source, scratch: 'pool/scratch' });
      expect(verdicts(result)).toEqual(FINE);
      expect(result.backups.map((each) => [each.level, each.notes, each.isRecorded])).toEqual(
        FINE.map(() => [level, [], true]),
      );
      expect(result.summary.storedBytes > 0).toBe(level > 1);
    }
  });

  it('is looked at from what is named back to its full, and no further', async () => {
    const { check } = await createChain();
    expect(verdicts(await check({ dataset: DATASET, snapshots: ['2'] }))).toEqual(['1: ok', '2: ok']);
    expect(verdicts(await check({ snapshots: [`${DATASET}@1`] }))).toEqual(['1: ok']);
    await expect(check({ snapshots: ['2'] })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(check({ dataset: DATASET, snapshots: ['9'] })).rejects.toMatchObject({
      code: 'NO_SUCH_BACKUP',
    });
    await expect(check({ dataset: 'tank/none' })).rejects.toMatchObject({ code: 'NO_SUCH_DATASET' });
  });

  it('is read for a sample only, the same one for the same seed', async () => {
    const { check } = await createChain();
    const sampleOf = async (seed: number) => {
      const { backups, sample } = await check({ level: 2, sample: { fraction: 0.34, seed } });
      expect(sample).toEqual({ fraction: 0.34, seed });
      return backups.filter(({ level }) => level === 2).map(({ snapshot }) => snapshot);
    };
    const days = [await sampleOf(0), await sampleOf(1), await sampleOf(2)];
    expect(await sampleOf(1)).toEqual(days[1]);
    expect([...new Set(days.flat())].sort()).toEqual(['1', '2', '3']);
    const time = new Date('2026-11-21T12:00:00Z');
    expect((await check({ level: 2, sample: { fraction: 0.5 }, time })).sample?.seed).toBe(20_778);
  });
});

describe('damage', () => {
  it('of one byte is told with its part and byte range, and all that builds on it is not restorable', async () => {
    const { check, fileOf } = await createChain();
    await rot(fileOf('1'), 7000);
    expect(verdicts(await check())).toEqual(FINE);
    const result = await check({ level: 2 });
    expect(verdicts(result)).toEqual(FIRST_DAMAGED);
    expect(of(result, '1').findings).toMatchObject([
      { kind: 'part', part: { number: 3, first: 6000, last: 8999 } },
      { kind: 'stream' },
    ]);
    expect(of(result, '1').findings[0]?.message).toContain(`p/${DATASET}@1: part 3 (bytes 6000–8999)`);
    expect(of(result, '3').reason).toBe(`it builds on ${DATASET}@1, which is damaged`);
  });

  it('at several places is told all, also where the decoder gave up at the first', async () => {
    const { check, fileOf } = await createChain({ compressor: 'gzip' });
    const bytes = (await readFile(fileOf('1'))).byteLength;
    for (const at of [20, 7000, bytes - 1]) await rot(fileOf('1'), at);
    const { findings: found } = of(await check({ level: 2 }), '1');
    expect(found.flatMap(({ part }) => part?.number ?? [])).toEqual([1, 3, Math.ceil(bytes / PART_BYTES)]);
    expect(found.at(-1)?.kind).toBe('stream');
  });

  it('of an object that became shorter or longer shows without reading it', async () => {
    const short = await createChain();
    await truncate(short.fileOf('2'), 4000);
    const result = await short.check();
    expect(verdicts(result)).toEqual(['1: ok', '2: damaged', '3: not restorable']);
    expect(findings(result, '2')).toEqual(['size']);
    expect(of(result, '2').findings[0]?.message).toMatch(
      /is cut short: it has 4000 bytes, and \d+ were stored/,
    );
    const long = await createChain();
    await appendFile(long.fileOf('3'), 'more');
    expect(of(await long.check(), '3').findings[0]?.message).toContain('has become longer');
    expect(findings(await long.check({ level: 2 }), '3')).toContain('size');
  });

  it('of an object that is gone is told by its record, and by what builds on it', async () => {
    const { check, fileOf, store } = await createChain();
    await store.remove(`p/${DATASET}@2`);
    const result = await check();
    expect(verdicts(result)).toEqual(['1: ok', '3: not restorable', '2: damaged']);
    expect(of(result, '3').reason).toBe(`it builds on ${DATASET}@2, which is not in the store`);
    expect(findings(result, '2')).toEqual(['missing']);
    expect(verdicts(await check({ snapshots: [`${DATASET}@2`] }))).toEqual(['2: damaged']);
    await unlink(fileOf('1'));
    expect(verdicts(await check()).filter((line) => line.startsWith('1'))).toEqual(['1: damaged']);
  });

  it('of an object that was replaced by one of the same size shows by its ETag', async () => {
    const { check, store } = await createChain();
    const key = `p/${DATASET}@2`;
    const body = await collect((await store.get(key)).chunks);
    const { metadata = {} } = (await store.head(key)) ?? {};
    body[5000] = (body[5000] ?? 0) ^ 1;
    await store.put(key, body, { metadata });
    const result = await check();
    expect(findings(result, '2')).toEqual(['object']);
    expect(verdicts(result)).toEqual(['1: ok', '2: damaged', '3: not restorable']);
  });
});

/** Objects put there by other programs, without records. */
async function createBucket(
  objects: Readonly<Record<string, { readonly body: Buffer; readonly metadata: Record<string, string> }>>,
) {
  const folder = await mkdtemp(join(tmpdir(), 'verify-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = createDirectoryStore({ path: folder, prefix: 'p/' });
  for (const [name, { body, metadata }] of Object.entries(objects)) {
    await store.put(`p/${DATASET}@${name}`, body, { metadata });
  }
  return store;
}

const full = (snapshot: MachineSnapshot, more: Record<string, string> = {}) => ({
  body: streamOf(DATASET, snapshot),
  metadata: { isfull: 'true', ...more },
});
const incremental = (snapshot: MachineSnapshot, parent: string, more: Record<string, string> = {}) => ({
  body: streamOf(DATASET, snapshot),
  metadata: { parent: `${DATASET}@${parent}`, ...more },
});

describe('without records', () => {
  it('what is possible is done, and what was not is said', async () => {
    const store = await createBucket({
      1: full({ name: '1', guid: 1n }),
      2: incremental({ name: '2', guid: 2n, parentGuid: 1n }, '1'),
    });
    const upload = await store.startUpload(`p/${DATASET}@3`, { metadata: { parent: `${DATASET}@2` } });
    const body = streamOf(DATASET, { name: '3', guid: 3n, parentGuid: 2n });
    const parts = [
      await upload.putPart(1, body.subarray(0, 5000)),
      await upload.putPart(2, body.subarray(5000)),
    ];
    await upload.complete(parts);
    const result = await check(store, { level: 2 });
    expect(verdicts(result)).toEqual(FINE);
    expect(result.backups.map(({ isRecorded }) => isRecorded)).toEqual([false, false, false]);
    // one PUT has a digest that the store tells; parts of an odd size have none that could be found again
    expect(result.backups.map(({ notes }) => notes.length)).toEqual([0, 0, 1]);
    expect(of(result, '3').notes[0]).toContain('compared with no');
  });

  it('a wrong parent shows in the stream', async () => {
    const store = await createBucket({
      1: full({ name: '1', guid: 1n }),
      2: incremental({ name: '2', guid: 2n, parentGuid: 77n }, '1'),
    });
    expect(verdicts(await check(store))).toEqual(['1: ok', '2: ok']);
    const result = await check(store, { level: 2 });
    expect(findings(result, '2')).toEqual(['identity']);
    expect(of(result, '2').findings[0]?.message).toContain(`77, and ${DATASET}@1 is the one with 1`);
  });

  it.each([
    ['another snapshot', full({ name: '1', guid: 5n }, { guid: '6' }), 'has 6'],
    [
      'an incremental that is said to be full',
      full({ name: '1', guid: 5n, parentGuid: 4n }),
      'said to be full',
    ],
  ])('%s shows in the stream', async (_, object, expected) => {
    const result = await check(await createBucket({ 1: object }), { level: 2 });
    expect(
      of(result, '1')
        .findings.map(({ message }) => message)
        .join(),
    ).toContain(expected);
  });

  it('a stream that was cut before it was compressed is damaged, although the frame is whole', async () => {
    const stream = streamOf(DATASET, { name: '1', guid: 1n });
    const body = await collect(
      filters.find('zstd')?.encode(cutAt(stream.subarray(0, 9000), [1000])) ?? cutAt(stream, [1]),
    );
    const store = await createBucket({ 1: { body, metadata: { isfull: 'true', compressor: 'zstd' } } });
    expect(verdicts(await check(store))).toEqual(['1: ok']);
    const result = await check(store, { level: 2 });
    expect(of(result, '1').findings).toMatchObject([
      { kind: 'stream', message: expect.stringContaining('truncated') },
    ]);
  });

  it('what is no ZFS stream, or empty, is damaged', async () => {
    const store = await createBucket({
      1: { body: Buffer.alloc(0), metadata: { isfull: 'true' } },
      2: { body: Buffer.from('hello'), metadata: { isfull: 'true' } },
    });
    expect(verdicts(await check(store))).toEqual(['1: damaged', '2: ok']);
    expect(verdicts(await check(store, { level: 2 }))).toEqual(['1: damaged', '2: damaged']);
  });

  it('a filter that is not known here is no damage, and nobody knows more', async () => {
    const store = await createBucket({ 1: full({ name: '1', guid: 1n }, { compressor: 'lzx' }) });
    const result = await check(store, { level: 2 });
    expect(verdicts(result)).toEqual(['1: not verified']);
    expect(of(result, '1')).toMatchObject({ level: 1, notVerified: { code: 'UNKNOWN_FILTER' } });
  });
});

describe('records', () => {
  async function recordFile(folder: string, snapshot: string): Promise<string> {
    const below = join(folder, 'p', '.records', DATASET.split('/')[0] ?? '');
    const files = await readdir(below, { recursive: true, withFileTypes: true });
    const file = files.find((each) => each.isFile() && each.parentPath.endsWith(`@${snapshot}`));
    if (!file) throw new Error('no record');
    return join(file.parentPath, file.name);
  }

  it.each([
    ['torn', '{"version":1,'],
    ['of a newer version', '{"version":2}'],
  ])('that are %s leave what is possible', async (_, text) => {
    const { check, folder } = await createChain();
    await writeFile(await recordFile(folder, '1'), text);
    const result = await check({ level: 2 });
    expect(verdicts(result)).toEqual(FINE);
    expect(of(result, '1').notes[0]).toContain('torn, of a newer version');
  });

  it('that tell of another part are believed before the bytes', async () => {
    const { check, folder } = await createChain();
    const file = await recordFile(folder, '2');
    const record = JSON.parse(await readFile(file, 'utf8'));
    record.parts[1].crc32 = '00000000';
    await writeFile(file, JSON.stringify(record));
    const result = await check({ level: 2 });
    expect(of(result, '2').findings).toMatchObject([
      { kind: 'part', part: { number: 2, first: 3000, last: 5999 } },
    ]);
  });
});

describe('an object that cannot be read', () => {
  const refusing = (
    store: ObjectStore,
    code: 'ARCHIVED' | 'STORE_DENIED' | 'STORE_UNREACHABLE',
    keys = /@2$/,
  ): ObjectStore => {
    const { getInto: _, ...rest } = store;
    return {
      ...rest,
      get(key, call) {
        if (!keys.test(key)) return store.get(key, call);
        throw new StoreError(code, `get ${key}`, { operation: 'get', key, retryable: false });
      },
    };
  };

  it('because it is in an archive is named, and nothing is wrong with it', async () => {
    const { store } = await createChain();
    const result = await check(refusing(store, 'ARCHIVED'), { level: 2 });
    expect(verdicts(result)).toEqual(FINE);
    expect(of(result, '2')).toMatchObject({
      level: 1,
      notes: [expect.stringContaining('cannot be read now')],
    });
  });

  it('because the store is silent ends the reading, and what was found is told', async () => {
    const bodies = Array.from({ length: 30 }, (_, at) => [
      `x${at}`,
      full({ name: `x${at}`, guid: BigInt(at + 1) }),
    ]);
    const empty = { body: Buffer.alloc(0), metadata: { isfull: 'true' } };
    const store = await createBucket({ 0: empty, ...Object.fromEntries(bodies) });
    const result = await check(refusing(store, 'STORE_UNREACHABLE', /@x/), { level: 2 });
    expect(verdicts(result)).toEqual(['0: damaged', ...bodies.map(([name]) => `${name}: not verified`)]);
    const left = result.backups.filter(({ notVerified }) => notVerified?.message.includes('not looked at'));
    expect(left.length).toBeGreaterThan(20);
  });

  it('because the store refuses is not verified, and the others are', async () => {
    const { store } = await createChain();
    const result = await check(refusing(store, 'STORE_DENIED'), { level: 2 });
    expect(verdicts(result)).toEqual(['1: ok', '2: not verified', '3: ok']);
    expect(of(result, '2').notVerified?.code).toBe('STORE_DENIED');
  });
});

describe('what this machine lacks to decode', () => {
  const rot = { name: 'rot', compress: ['tr', 'A-Z', 'a-z'], decompress: ['no-such-program'] };

  it.each([
    ['a filter', filters, 'UNKNOWN_FILTER'],
    ['its program', createFilterRegistry([], { external: [rot] }), 'PROGRAM_MISSING'],
  ])('%s leaves the comparing of the bytes', async (_, lacking, code) => {
    const encryptor = createFilterRegistry([], { external: [rot] }).findEncryptor('rot');
    const { check } = await createChain({ ...(encryptor ? { encryptor } : {}) });
    const result = await check({ level: 2, filters: lacking });
    expect(verdicts(result)).toEqual(['1: not verified', '2: not verified', '3: not verified']);
    expect(of(result, '1')).toMatchObject({ level: 1, findings: [], notVerified: { code } });
    expect(of(result, '1').notes).toEqual([expect.stringContaining('its stored bytes are those')]);
  });
});

describe('level 3', () => {
  const receiving = async () => {
    const chain = await createChain();
    chain.machine.datasets.set('pool/scratch', []);
    const options = { level: 3, source: chain.machine.source, scratch: 'pool/scratch' } as const;
    return { ...chain, options };
  };

  it('receives each chain once, branches by going back, and leaves nothing behind', async () => {
    const { store, machine, options, check } = await receiving();
    const branch = incremental({ name: 'x', guid: 50n, parentGuid: 11n }, '1');
    await store.put(`p/${DATASET}@x`, branch.body, { metadata: branch.metadata });
    const other = full({ name: 'y', guid: 60n });
    await store.put(`p/${DATASET}@y`, other.body, { metadata: other.metadata });
    const result = await check(options);
    expect(result.backups.map(({ verdict, level }) => [verdict, level])).toEqual(
      Array.from({ length: 5 }, () => ['ok', 3]),
    );
    expect(machine.done).toEqual([
      'receive 1',
      'receive 2',
      'receive 3',
      'receive -F x',
      'destroy',
      'receive y',
      'destroy',
    ]);
    expect([...machine.datasets.keys()]).toEqual([DATASET, 'pool/scratch']);
  });

  it('hands ZFS the very bytes, although buffers are used again', async () => {
    const builder = createStreamBuilder().begin({ name: `${DATASET}@1`, guid: 1n });
    for (let block = 0; block < 5; block++) builder.write(bytesOf(MIB, block));
    const plain = await createBucket({ 1: { body: builder.end().bytes(), metadata: { isfull: 'true' } } });
    const store: ObjectStore = {
      ...plain,
      async getInto(key, into, call) {
        // At once, as a fast server does, and then it takes its time.
        into.fill(255);
        await wait(5);
        if (!plain.getInto) throw new Error('a folder is read so');
        return plain.getInto(key, into, call);
      },
    };
    const { source, datasets } = createMachine('pool/scratch', []);
    datasets.set('pool/scratch', []);
    const how = { level: 3, source, scratch: 'pool/scratch', maxMemory: 3 * MIB, concurrency: 2 } as const;
    expect(of(await check(store, how), '1')).toMatchObject({ findings: [], level: 3 });
  });

  it('tells another guid than was backed up', async () => {
    const { machine, options, check } = await receiving();
    const { source } = machine;
    const lying = {
      ...source,
      async readDataset(name: string) {
        const state = await source.readDataset(name);
        return state && { ...state, snapshots: state.snapshots.map((each) => ({ ...each, guid: '99' })) };
      },
    };
    expect(findings(await check({ ...options, source: lying }), '1')).toEqual(['identity']);
  });

  it('goes on with what does not need what was damaged, and destroys all of it', async () => {
    const { store, machine, options, check, fileOf } = await receiving();
    await rot(fileOf('1'), 7000);
    const other = full({ name: 'y', guid: 60n });
    await store.put(`p/${DATASET}@y`, other.body, { metadata: other.metadata });
    const result = await check(options);
    expect(verdicts(result)).toEqual([...FIRST_DAMAGED, 'y: ok']);
    expect(machine.done).toEqual(['destroy', 'receive y', 'destroy']);
  });

  it('destroys what arrived when it is interrupted', async () => {
    const { machine, options, check } = await receiving();
    const { source } = machine;
    const interrupt = new AbortController();
    const stopping = {
      ...source,
      receive: async (...[step, stream]: Parameters<typeof source.receive>) => {
        await source.receive(step, stream);
        if (step.snapshot === '2') interrupt.abort(new Error('enough'));
      },
    };
    const thrown = await thrownBy(() => check({ ...options, source: stopping, signal: interrupt.signal }));
    expect(thrown).toMatchObject({ message: 'enough' });
    expect([...machine.datasets.keys()]).toEqual([DATASET, 'pool/scratch']);
  });

  it('refuses a scratch that is not there, or that is backed up itself', async () => {
    const { options, check, machine } = await receiving();
    await expect(check({ ...options, scratch: 'pool/none' })).rejects.toMatchObject({
      code: 'NO_SUCH_DATASET',
    });
    for (const scratch of [DATASET, `${DATASET}/below`]) {
      await expect(check({ ...options, scratch })).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    }
    expect(machine.done).toEqual([]);
  });

  it('without a scratch lets ZFS look at full streams, and says what that proves', async () => {
    const { check, machine } = await createChain();
    machine.datasets.set('tank', []);
    const result = await check({ level: 3, source: machine.source });
    expect(result.backups.map(({ verdict, level }) => [verdict, level])).toEqual([
      ['ok', 3],
      ['ok', 2],
      ['ok', 2],
    ]);
    expect(machine.done).toEqual(['rehearse 1']);
    expect(result.notes[0]).toContain('compares no checksum');
    expect(of(result, '2').notes[0]).toContain('--scratch');
  });
});

it('looks at thousands of backups by listing them', async () => {
  const summary = { bytes: 5, etag: 'abc', modifiedAt: new Date(0), storageClass: undefined };
  const store: ObjectStore = {
    ...createDirectoryStore({ path: '/nonexistent', prefix: 'p/' }),
    async *list() {
      for (let at = 0; at < 3000; at++) {
        const facts = at === 0 ? '1,f,t5,eabc' : `1,i,t5,eabc,p${at - 1}`;
        yield { ...summary, key: `p/${DATASET}@${at}` };
        yield { ...summary, key: `p/.records/${DATASET}@${at}/${facts}` };
      }
    },
  };
  const { backups } = await check(store);
  expect(backups).toHaveLength(3000);
  expect(backups.filter(({ verdict, isRecorded }) => verdict === 'ok' && isRecorded)).toHaveLength(3000);
});
