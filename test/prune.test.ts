import { beforeEach, describe, expect, it } from 'vitest';
import { deleteBackups, readDeletePlan, runDeletePlan } from '../src/delete.ts';
import { StoreError } from '../src/errors.ts';
import { type PruneOptions, prune, readPrunePlan, runPrunePlan } from '../src/prune.ts';
import { readLineage } from '../src/reading/read-lineage.ts';
import { reindex } from '../src/reindex.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { encodeNote } from '../src/transfer/upload-note.ts';
import { readWriter } from '../src/transfer/writer.ts';
import { thrownBy } from './stream/fixtures.ts';
import { createMemoryStore } from './transfer/memory-store.ts';

const DATASET = 'tank/a';
const keyOf = (name: string) => `p/${DATASET}@${name}`;

let store: ObjectStore;
/** What was removed, in order. */
let removed: string[];
beforeEach(() => {
  const memory = createMemoryStore();
  removed = [];
  store = {
    ...memory,
    async remove(key, call) {
      removed.push(key);
      await memory.remove(key, call);
    },
  };
});

/** In any order, `a` a full and `b<a` an incremental. */
async function putBackups(...words: readonly string[]): Promise<void> {
  for (const word of words) {
    const [name = '', parent] = word.split('<');
    const metadata = parent === undefined ? { isfull: 'true' } : { parent: `${DATASET}@${parent}` };
    await store.put(keyOf(name), Buffer.from(`body of ${word}`), { metadata });
  }
}

async function healths(): Promise<string> {
  const { entries } = await readLineage(store, DATASET);
  return entries.map(({ backup, health }) => `${backup.snapshot} ${health}`).join(', ');
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key);
  return found;
}

const options = (more: Partial<PruneOptions> = {}): PruneOptions => ({
  store,
  dataset: DATASET,
  keep: '1',
  ...more,
});

describe('what is deleted', () => {
  it('goes children first, each record after its backup', async () => {
    await putBackups('a', 'b<a', 'c');
    await reindex({ store, dataset: DATASET });
    const { deleted, spared } = await prune(options());
    expect(deleted.map(({ name }) => name)).toEqual(['tank/a@b', 'tank/a@a']);
    expect(spared).toEqual([]);
    expect(removed.map((key) => key.replace(/@(.).*/, '@$1'))).toEqual([
      'p/tank/a@b',
      'p/.records/tank/a@b',
      'p/tank/a@a',
      'p/.records/tank/a@a',
    ]);
    expect(await healths()).toBe('c ok');
    expect(await keys()).toHaveLength(2);
  });

  it('is told one by one', async () => {
    await putBackups('a', 'b<a', 'c');
    const told: string[] = [];
    await prune(options({ onDeleted: ({ name }) => told.push(`${name} of ${removed.length}`) }));
    expect(told).toEqual(['tank/a@b of 1', 'tank/a@a of 2']);
  });

  it('ends with the first refusal, and leaves whole chains', async () => {
    await putBackups('a', 'b<a', 'c<b', 'd');
    const failure = { operation: 'remove', key: '', status: 403, retryable: false };
    const denied = new StoreError('STORE_DENIED', 'locked', failure);
    const refusing: ObjectStore = {
      ...store,
      remove: async (key) => {
        if (key === keyOf('b')) throw denied;
        await store.remove(key);
      },
    };
    expect(await thrownBy(() => prune(options({ store: refusing })))).toBe(denied);
    expect(await healths()).toBe('a ok, b ok, d ok');
  });

  it('stops between two when it is interrupted', async () => {
    await putBackups('a', 'b<a', 'c<b', 'd');
    const stop = new AbortController();
    const reason = new Error('enough');
    const running = prune(options({ signal: stop.signal, onDeleted: () => stop.abort(reason) }));
    expect(await thrownBy(() => running)).toBe(reason);
    expect(await healths()).toBe('a ok, b ok, d ok');
  });
});

describe('what changed since the list was agreed on', () => {
  it('spares what a new backup builds on', async () => {
    await putBackups('a', 'b<a', 'c');
    const plan = await readPrunePlan(options());
    expect(plan.deletions.map(({ snapshot }) => snapshot)).toEqual(['b', 'a']);
    await putBackups('new<a');
    const { deleted, spared } = await runPrunePlan(plan, options());
    expect(deleted.map(({ name }) => name)).toEqual(['tank/a@b']);
    expect(spared).toEqual([{ name: 'tank/a@a', reasons: ['ancestor of new'] }]);
    expect(await healths()).toBe('a ok, c ok, new ok');
  });

  it('spares what took the place of one', async () => {
    await putBackups('a', 'c');
    const plan = await readPrunePlan(options());
    await store.put(keyOf('a'), Buffer.from('another'), { metadata: { isfull: 'true' } });
    await putBackups('d');
    const { deleted, spared } = await runPrunePlan(plan, options());
    expect(deleted).toEqual([]);
    expect(spared).toEqual([{ name: 'tank/a@a', reasons: ['not in the list that was agreed on'] }]);
  });

  it('spares what an upload that began since will build on', async () => {
    await putBackups('a', 'b<a', 'c');
    const plan = await readPrunePlan(options());
    const key = keyOf('new');
    const metadata = { parent: `${DATASET}@a` };
    const upload = await store.startUpload(key, { metadata });
    const schedule = [{ firstPart: 1, bytes: 5 * 1024 ** 2 }];
    const note = { key, uploadId: upload.uploadId, metadata, schedule, writer: await readWriter() };
    await store.put('p/.uploads/1.json', encodeNote(note));
    const { deleted, spared } = await runPrunePlan(plan, options());
    expect(deleted.map(({ name }) => name)).toEqual(['tank/a@b']);
    expect(spared).toEqual([{ name: 'tank/a@a', reasons: ['new, which is being uploaded, builds on it'] }]);
  });

  it('spares for a run that has left word, and has not started its upload', async () => {
    await putBackups('a', 'c');
    const metadata = { parent: `${DATASET}@a` };
    const schedule = [{ firstPart: 1, bytes: 5 * 1024 ** 2 }];
    const note = { key: keyOf('new'), uploadId: undefined, metadata, schedule, writer: await readWriter() };
    await store.put('p/.uploads/1.json', encodeNote(note));
    expect((await prune(options())).deleted).toEqual([]);
    const dead = { ...note, writer: { ...note.writer, boot: 'another' } };
    await store.put('p/.uploads/1.json', encodeNote(dead));
    expect((await prune(options())).deleted).toHaveLength(1);
  });

  it('is no error where somebody else deleted it first', async () => {
    await putBackups('a', 'b<a', 'c');
    const plan = await readPrunePlan(options());
    await store.remove(keyOf('b'));
    const { deleted, spared } = await runPrunePlan(plan, options());
    expect(deleted.map(({ name }) => name)).toEqual(['tank/a@a']);
    expect(spared).toEqual([]);
  });

  it('keeps a name from being deleted that something new builds on', async () => {
    await putBackups('a', 'b<a', 'c');
    const named = { store, dataset: DATASET, snapshots: ['a'], withChildren: true };
    const plan = await readDeletePlan(named);
    await putBackups('new<b');
    expect(await thrownBy(() => runDeletePlan(plan, named))).toMatchObject({ code: 'BROKEN_CHAIN' });
    expect(removed).toEqual([]);
  });
});

describe('what is said before', () => {
  it('tells what is paid for all the same', async () => {
    await putBackups('a', 'b');
    const stored = (await store.head(keyOf('a')))?.modifiedAt ?? new Date();
    const costly: ObjectStore = { ...store, minBilledDays: () => 90 };
    const { warnings } = await readPrunePlan(options({ store: costly }));
    const until = new Date(stored.getTime() + 90 * 86_400_000).toISOString().slice(0, 10);
    expect(warnings).toEqual([
      `1 of them is paid for all the same, the last one until ${until}: this store bills objects for at least 90 days.`,
    ]);
    const later = () => new Date(stored.getTime() + 91 * 86_400_000);
    expect((await readPrunePlan(options({ store: costly, now: later }))).warnings).toEqual([]);
  });

  it('tells of a bucket that keeps versions, and passes over one that may not be asked', async () => {
    await putBackups('a', 'b');
    const versions = {
      readState: async () => 'on' as const,
      listDeleted: async () => [],
      headDeleted: async () => undefined,
      undelete: async () => {},
    };
    const { warnings } = await readPrunePlan(options({ store: { ...store, versions } }));
    expect(warnings).toEqual([expect.stringMatching(/^The bucket keeps versions/)]);
    const failure = { operation: 'readVersioning', status: 403, retryable: false };
    const readState = async () => {
      throw new StoreError('STORE_DENIED', 'no', failure);
    };
    const silent = await readPrunePlan(
      options({ store: { ...store, versions: { ...versions, readState } } }),
    );
    expect(silent.warnings).toEqual([]);
  });
});

it('says why nothing goes where there is one long chain', async () => {
  await putBackups('a', 'b<a', 'c<b');
  const { warnings, deletions } = await readPrunePlan(options());
  expect(deletions).toEqual([]);
  expect(warnings).toEqual([
    expect.stringMatching(/^2 backups stay only because newer ones build on them: /),
  ]);
});

describe('deleting by name', () => {
  it('takes several, and their records', async () => {
    await putBackups('a', 'b<a', 'c');
    await reindex({ store, dataset: DATASET });
    const { deleted } = await deleteBackups({ store, dataset: DATASET, snapshots: ['a', 'b'] });
    expect(deleted.map(({ name }) => name)).toEqual(['tank/a@b', 'tank/a@a']);
    expect(await healths()).toBe('c ok');
    expect(await keys()).toHaveLength(2);
  });

  it('deletes a circle with one of its members', async () => {
    await putBackups('a<b', 'b<a', 'c');
    const named = { store, dataset: DATASET, snapshots: ['a'] };
    expect(await thrownBy(() => deleteBackups(named))).toMatchObject({ code: 'BROKEN_CHAIN' });
    expect((await deleteBackups({ ...named, withChildren: true })).deleted).toHaveLength(2);
    expect(await healths()).toBe('c ok');
  });
});
