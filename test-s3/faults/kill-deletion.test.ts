import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLineage } from '../../src/reading/read-lineage.ts';
import { reindex } from '../../src/reindex.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type Cli, createCli } from '../main/run-cli.ts';
import { type CliStore, createCliStore } from '../s3/cli-store.ts';
import { DATASET, PREFIX, putBackups } from '../s3/put-backups.ts';
import { s3Server } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { type FaultProxy, pass, startFaultProxy } from './fault-proxy.ts';

/** A chain with a branch. */
const GOING = ['a', 'b<a', 'c<b', 'd<a'];
const STAYING = ['g', 'h<g'];
/** Each backup and its record. */
const REMOVALS = 2 * GOING.length;
const WORDS = ['prune', '--dataset', DATASET, '--keep', '1', '--yes'];

async function fill(store: ObjectStore): Promise<void> {
  await putBackups(store, ...GOING);
  // Listings tell seconds, and the newest is what stays.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await putBackups(store, ...STAYING);
  await reindex({ store, dataset: DATASET });
}

async function expectWholeChains(store: ObjectStore, about: string): Promise<number> {
  const { entries } = await readLineage(store, DATASET);
  expect(
    entries.filter(({ health }) => health !== 'ok'),
    about,
  ).toEqual([]);
  const names = entries.map(({ backup }) => backup.snapshot);
  expect(names, about).toEqual(expect.arrayContaining(['g', 'h']));
  return names.length;
}

/** What a run that was killed left over is taken up by the next one, and by `cleanup`. */
async function expectFinished(cli: Cli, store: ObjectStore, about: string): Promise<void> {
  expect(await cli.zfs3backup(...WORDS), about).toMatchObject({ status: 0 });
  expect(await expectWholeChains(store, about), about).toBe(STAYING.length);
  expect(await cli.zfs3backup('cleanup', '--older-than', '0s'), about).toMatchObject({ status: 0 });
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect(
    keys.filter((key) => key.includes('/.records/')),
    about,
  ).toHaveLength(STAYING.length);
}

async function empty(store: ObjectStore): Promise<void> {
  for await (const { key } of store.list('')) await store.remove(key);
}

describe('kill −9 in the middle of a prune', () => {
  let job: CliStore;
  let proxy: FaultProxy;
  beforeAll(async () => {
    job = await createCliStore();
    proxy = await startFaultProxy(s3Server().endpoint);
  });
  afterAll(async () => {
    await proxy.close();
    job.store.close();
  });

  it.each(
    Array.from({ length: REMOVALS }, (_, at) => at).flatMap((at) => [
      [at, 'before the store hears of it'] as const,
      [at, 'after the store did it'] as const,
    ]),
  )(
    'in a bucket, at removal %i, %s',
    async (at, moment) => {
      const { store, env } = job;
      await fill(store);
      const cli = await createCli({ ...env, ENDPOINT: proxy.endpoint });
      const program = execa(process.execPath, ['bin/zfs3backup.js', ...WORDS], {
        env: { HOME: '/nonexistent', ...cli.env },
        extendEnv: false,
        reject: false,
      });
      const before = proxy.count('remove');
      const when = ({ nth }: { nth: number }) => nth === before + at + 1;
      proxy.inject({ kind: 'remove', when }, async (exchange) => {
        if (moment.startsWith('after')) await exchange.ask(await exchange.readBody());
        program.kill('SIGKILL');
        await program;
        exchange.socket.destroy();
      });
      const { signal, stderr } = await program;
      const about = `removal ${at}, ${moment}: ${stderr}`;
      expect(signal, about).toBe('SIGKILL');
      const left = await expectWholeChains(store, about);
      const gone = Math.ceil(moment.startsWith('after') ? (at + 1) / 2 : at / 2);
      expect(left, about).toBe(GOING.length - gone + STAYING.length);
      await expectFinished(await createCli(env), store, about);
      await empty(store);
    },
    60_000,
  );

  it('sees every removal', async () => {
    const { store, env } = job;
    await fill(store);
    const before = proxy.count('remove');
    proxy.inject({ kind: 'remove', times: REMOVALS }, pass);
    const cli = await createCli({ ...env, ENDPOINT: proxy.endpoint });
    expect(await cli.zfs3backup(...WORDS)).toMatchObject({ status: 0 });
    expect(proxy.count('remove') - before).toBe(REMOVALS);
    await empty(store);
  });

  it.each(
    Array.from({ length: REMOVALS }, (_, at) => at).flatMap((at) => [
      [at, 'before'] as const,
      [at, 'after'] as const,
    ]),
  )('in a directory, at removal %i, %s it', async (at, moment) => {
    const path = await createTestFolder('kill');
    const store = createDirectoryStore({ path, prefix: PREFIX });
    await fill(store);
    const env = { STORE: pathToFileURL(path).href, ZFS3BACKUP_STORE: pathToFileURL(path).href };
    const cli = await createCli(env);
    const hook = new URL('./kill-at-removal.mjs', import.meta.url).href;
    const program = await execa(process.execPath, ['--import', hook, 'bin/zfs3backup.js', ...WORDS], {
      env: { HOME: '/nonexistent', ...cli.env, KILL_AT: `${at + 1} ${moment}` },
      extendEnv: false,
      reject: false,
    });
    const about = `removal ${at}, ${moment}: ${program.stderr}`;
    expect(program.signal, about).toBe('SIGKILL');
    await expectWholeChains(store, about);
    await expectFinished(cli, store, about);
  });
});
