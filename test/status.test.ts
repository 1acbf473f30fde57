import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SnapshotSource } from '../src/sources/source.ts';
import { status, statusOfStore } from '../src/status.ts';
import { createDirectoryStore } from '../src/store/directory-store.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { createMachine } from './zfs-machine.ts';

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'status-'));
  store = createDirectoryStore({ path: folder, prefix: 'p/' });
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string) => store.put(`p/${name}`, Buffer.alloc(5), { metadata: { isfull: 'true' } });

it('does not say of a machine that nobody looked at that it lacks something', async () => {
  await put('tank/a@s1');
  const whole = await statusOfStore({ store });
  expect(whole.datasets).toMatchObject([{ dataset: 'tank/a', local: null }]);
  const one = await status({ store, dataset: 'tank/a' });
  expect(one).toMatchObject({ localSide: 'not looked at', summary: { notBackedUp: null } });
  expect(one.snapshots).toMatchObject([{ name: 's1', local: null }]);
});

it('tells what a machine lacks that was looked at', async () => {
  for (const name of ['tank/a@s1', 'tank/b@s1']) await put(name);
  const { source } = createMachine('tank/a', [{ name: 's1', guid: 1n }]);
  const { datasets } = await statusOfStore({ store, source });
  expect(datasets.map(({ local }) => local)).toEqual(['ok', 'missing']);
});

it('names no dataset below that has backups of its own, whoever made them', async () => {
  for (const name of ['tank@s1', 'tank/a@s1', 'tank/b/deeper@s1']) await put(name);
  const { source } = createMachine('tank', [{ name: 's1', guid: 1n }]);
  const children = ['tank/a', 'tank/b', 'tank/c'];
  const readDataset: SnapshotSource['readDataset'] = async (name) => {
    const state = await source.readDataset(name);
    return state && { ...state, children };
  };
  const coverage = { covered: ['tank/c'], sendFlags: [] };
  const report = await status({ store, source: { ...source, readDataset }, dataset: 'tank', coverage });
  expect(report.uncovered).toEqual(['tank/b']);
});
