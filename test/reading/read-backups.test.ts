import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../../src/lineage/encode-record.ts';
import { backupKey } from '../../src/lineage/key.ts';
import type { BackupRecord } from '../../src/lineage/record.ts';
import { recordKey } from '../../src/lineage/record-key.ts';
import { readBackups } from '../../src/reading/read-backups.ts';
import { readLineage, readLineages } from '../../src/reading/read-lineage.ts';
import { readRecord } from '../../src/reading/read-record.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createMemoryStore } from '../transfer/memory-store.ts';

const PREFIX = 'p/';

/** A store that counts what is asked of it: LIST by pages, as S3 does. */
function openStore() {
  const memory = createMemoryStore();
  const asked = { lists: 0, heads: 0 };
  const store: ObjectStore = {
    ...memory,
    prefix: PREFIX,
    async *list(prefix, call) {
      let listed = 0;
      for await (const summary of memory.list(prefix, call)) {
        if (listed % 1000 === 0) asked.lists += 1;
        listed += 1;
        yield summary;
      }
      if (listed === 0) asked.lists += 1;
    },
    async head(key, call) {
      asked.heads += 1;
      return memory.head(key, call);
    },
  };
  return { store, asked };
}

interface Wish {
  readonly dataset?: string;
  readonly parent?: string;
  /** What the record says otherwise; `null`: no record. */
  readonly record?: Partial<BackupRecord> | null;
  /** Instead of the record's own key. */
  readonly at?: string;
  readonly body?: Uint8Array;
}

/** Stores a backup of four bytes, and its record. */
async function store(into: ObjectStore, snapshot: string, wish: Wish = {}): Promise<string | undefined> {
  const { dataset = 'tank/a', parent } = wish;
  const key = backupKey(PREFIX, dataset, snapshot);
  const metadata: Record<string, string> =
    parent === undefined ? { isfull: 'true', guid: '1' } : { parent: `${dataset}@${parent}` };
  const { etag } = await into.put(key, Buffer.from('body'), { metadata });
  if (wish.record === null) return undefined;
  const record: BackupRecord = {
    version: 1,
    ...{ key, dataset, snapshot },
    kind: parent === undefined ? 'full' : 'incremental',
    parent: parent ?? null,
    ...{ guid: '1', parentGuid: null, compressor: 'zstd', encryptor: null },
    ...{ filters: [{ name: 'zstd', version: null }], sendFlags: ['-w'], storedBytes: 4, etag: etag ?? null },
    ...{ estimate: 90, streamBytes: 100, streamCrc32: null, storedCrc32: null, partBytes: null, parts: [] },
    snapshotCreatedAt: '2026-11-21T00:00:00.000Z',
    ...{ startedAt: null, storedAt: '2026-11-21T00:00:00.000Z', tool: 'zfs3backup 0', madeBy: 'upload' },
    ...wish.record,
  };
  const at = wish.at ?? recordKey(PREFIX, record, record);
  await into.put(at ?? '', wish.body ?? encodeRecord(record));
  return at;
}

async function only(from: ObjectStore) {
  const { backups } = await readBackups(from, 'tank/a');
  const [backup] = backups;
  if (!backup || backups.length > 1) throw new Error(`${backups.length} backups`);
  return backup;
}

describe('backups with records', () => {
  it('are told by two listings, and no object is asked', async () => {
    const { store: into, asked } = openStore();
    const at = await store(into, 'x');
    const backup = await only(into);
    expect(backup).toMatchObject({
      ...{ key: 'p/tank/a@x', dataset: 'tank/a', snapshot: 'x', kind: 'full', guid: '1', compressor: 'zstd' },
      ...{ recordKey: at, staleRecordKey: undefined, streamBytes: 100, storedBytes: 4, sendFlags: ['-w'] },
      snapshotCreatedAt: new Date('2026-11-21T00:00:00Z'),
    });
    expect(asked).toEqual({ lists: 2, heads: 0 });
    expect(await readRecord(into, backup)).toMatchObject({
      snapshot: 'x',
      streamBytes: 100,
      madeBy: 'upload',
    });
  });

  it('in thousands cost no more than 2 × ceil(n / 1000) + 2 requests', async () => {
    const { store: into, asked } = openStore();
    await store(into, 's0');
    for (let n = 1; n < 2500; n += 1) await store(into, `s${n}`, { parent: `s${n - 1}` });
    const lineage = await readLineage(into, 'tank/a');
    expect(lineage.entries).toHaveLength(2500);
    expect(lineage.entries.every(({ health }) => health === 'ok')).toBe(true);
    expect(asked).toEqual({ lists: 6, heads: 0 });
    asked.lists = 0;
    expect(await readLineages(into)).toEqual([lineage]);
    expect(asked).toEqual({ lists: 5, heads: 0 });
  });
});

describe('a bucket where all kinds of backups are mixed', () => {
  it('asks only those that have no record, and each dataset has its own', async () => {
    const { store: into, asked } = openStore();
    await store(into, 'full', { record: null });
    await store(into, 'recorded', { parent: 'full' });
    await store(into, 'last', { parent: 'recorded', record: null });
    await store(into, 'full', { dataset: 'tank/ab' });
    const lineages = await readLineages(into);
    expect(
      lineages.map(({ dataset, entries }) => [
        dataset,
        entries.map(({ backup, health }) => [backup.snapshot, health, backup.recordKey !== undefined]),
      ]),
    ).toEqual([
      [
        'tank/a',
        [
          ['full', 'ok', false],
          ['recorded', 'ok', true],
          ['last', 'ok', false],
        ],
      ],
      ['tank/ab', [['full', 'ok', true]]],
    ]);
    expect(asked).toEqual({ lists: 1, heads: 2 });
  });

  it.each([
    ['size', { storedBytes: 5 }],
    ['ETag', { etag: 'another' }],
  ])('an object of another %s is asked itself, and the record is called stale', async (_, record) => {
    const { store: into, asked } = openStore();
    const at = await store(into, 'x', { record: { ...record, guid: '2' } });
    const backup = await only(into);
    expect(backup).toMatchObject({
      guid: '1',
      recordKey: undefined,
      staleRecordKey: at,
      streamBytes: undefined,
    });
    expect(asked.heads).toBe(1);
    expect(await readRecord(into, backup)).toBeUndefined();
    expect(await readRecord(into, { ...backup, recordKey: at })).toBeUndefined();
  });

  it('the record that fits is chosen among several, and of those the one that knows more', async () => {
    const { store: into } = openStore();
    await store(into, 'x', { record: { etag: 'another', streamBytes: 1 } });
    await store(into, 'x', { record: { streamBytes: null, madeBy: 'reindex' } });
    const at = await store(into, 'x', { record: { streamBytes: 7 } });
    expect(await only(into)).toMatchObject({ recordKey: at, staleRecordKey: undefined, streamBytes: 7 });
  });

  it.each([
    ['a newer version', 'p/.records/tank/a@x/2,what,comes'],
    ['no room', 'p/.records/tank/a@x/1,o'],
  ])('a record of %s leaves the answer to the object', async (_, at) => {
    const { store: into, asked } = openStore();
    await store(into, 'x', { at });
    expect(await only(into)).toMatchObject({ recordKey: at, guid: '1', streamBytes: undefined });
    expect(asked.heads).toBe(1);
  });

  it('a record that is none counts for nothing', async () => {
    const { store: into, asked } = openStore();
    await store(into, 'x', { at: 'p/.records/tank/a@x/1,f,junk' });
    expect(await only(into)).toMatchObject({ recordKey: undefined, staleRecordKey: undefined });
    expect(asked.heads).toBe(1);
  });

  it.each([
    ['torn', Buffer.from('{"version": 1, "key')],
    ['empty', new Uint8Array()],
    ['of a newer version', Buffer.from('{"version":2}')],
  ])('a body that is %s is as good as none', async (_, body) => {
    const { store: into } = openStore();
    await store(into, 'x', { body });
    const backup = await only(into);
    expect(backup.streamBytes).toBe(100);
    expect(await readRecord(into, backup)).toBeUndefined();
  });

  it('a record that went away meanwhile is none', async () => {
    const { store: into } = openStore();
    const at = await store(into, 'x');
    const backup = await only(into);
    await into.remove(at ?? '');
    expect(await readRecord(into, backup)).toBeUndefined();
  });

  it('a backup that is stored while the listings run is no record without one', async () => {
    const { store: into } = openStore();
    await store(into, 'x');
    let isStored = false;
    const busy: ObjectStore = {
      ...into,
      async *list(prefix, call) {
        yield* into.list(prefix, call);
        if (!isStored) await store(into, 'y', { parent: 'x' });
        isStored = true;
      },
    };
    const { backups, orphans } = await readBackups(busy, 'tank/a');
    expect(backups.map(({ snapshot }) => snapshot)).toEqual(['x', 'y']);
    expect(orphans).toEqual([]);
  });

  it('records without a backup are told as such', async () => {
    const { store: into } = openStore();
    const at = await store(into, 'x');
    await into.remove('p/tank/a@x');
    const { backups, orphans } = await readBackups(into, undefined);
    expect(backups).toEqual([]);
    expect(orphans).toMatchObject([{ key: at, dataset: 'tank/a', snapshot: 'x' }]);
  });
});
