import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { ProcessFailedError } from '../../src/errors.ts';
import type { SendStep } from '../../src/sources/source.ts';
import { createZfsSource } from '../../src/sources/zfs/zfs-source.ts';
import { readTree, writeRandomFile } from './files.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

const source = createZfsSource();
let pool: TestPool;

beforeAll(async () => {
  pool = await createTestPool();
});

/** A new dataset with its mountpoint. */
async function createDataset(name: string): Promise<{ dataset: string; folder: string }> {
  const dataset = `${pool.name}/${name}`;
  await pool.zfs('create', dataset);
  return { dataset, folder: join(pool.mountpoint, name) };
}

async function namesOf(dataset: string): Promise<readonly string[] | undefined> {
  return (await source.readDataset(dataset))?.snapshots.map(({ name }) => name);
}

function receive(target: string, step: SendStep, force = false): Promise<void> {
  return source.receive({ target, snapshot: step.snapshot, force, mount: false }, source.send(step));
}

/** What arrived unmounted where the ZFS can do that is mounted to look at it. */
async function mountedTree(dataset: string): Promise<Record<string, string>> {
  if ((await pool.get('mounted', dataset)) === 'no') await pool.zfs('mount', dataset);
  return readTree(await pool.get('mountpoint', dataset));
}

describe('readDataset', () => {
  it('tells exact numbers, in order of creation', async () => {
    const { dataset, folder } = await createDataset('numbers');
    for (const name of ['z', 'a', 'm']) {
      await writeRandomFile(join(folder, name), 300_000);
      await pool.zfs('snapshot', `${dataset}@${name}`);
    }
    const { snapshots = [] } = (await source.readDataset(dataset)) ?? {};
    expect(snapshots.map(({ name }) => name)).toEqual(['z', 'a', 'm']);
    for (const snapshot of snapshots) {
      const name = `${dataset}@${snapshot.name}`;
      expect(snapshot.guid).toBe(await pool.get('guid', name));
      expect(snapshot.createtxg).toBe(await pool.get('createtxg', name));
      expect(`${snapshot.createdAt.getTime() / 1000}`).toBe(await pool.get('creation', name));
      expect(`${snapshot.referencedBytes}`).toBe(await pool.get('referenced', name));
      expect(snapshot.referencedBytes).toBeGreaterThanOrEqual(300_000);
    }
  });

  it('orders thirty snapshots by number although their names and digits sort otherwise', async () => {
    const { dataset } = await createDataset('many');
    const names = Array.from({ length: 30 }, (_, index) => `s${index}`);
    for (const name of names) await pool.zfs('snapshot', `${dataset}@${name}`);
    expect(await namesOf(dataset)).toEqual(names);
  });

  it('takes names with spaces and colons', async () => {
    const { dataset } = await createDataset('sp ace: d');
    const names = ['zfs-auto-snap:daily-2026-11-21-0000', 'before  the upgrade', 'a_b-c.d'];
    for (const name of names) await pool.zfs('snapshot', `${dataset}@${name}`);
    expect(await namesOf(dataset)).toEqual(names);
  });

  it("keeps out the children's snapshots and those of a dataset whose name goes on", async () => {
    const { dataset } = await createDataset('family');
    await createDataset('family/child');
    await createDataset('family-too');
    await pool.zfs('snapshot', '-r', `${dataset}@all`);
    await pool.zfs('snapshot', `${dataset}/child@own`);
    await pool.zfs('snapshot', `${dataset}-too@own`);
    expect(await namesOf(dataset)).toEqual(['all']);
    expect(await namesOf(`${dataset}/child`)).toEqual(['all', 'own']);
  });

  it.each(['nope', 'no/such/child', 'no+such', 'sla//sh', 'end/', '.', '..'])(
    'knows no dataset %j',
    async (name) => {
      expect(await source.readDataset(`${pool.name}/${name}`)).toBeUndefined();
    },
  );

  it.each(['no-such-pool', 'no-such-pool/a', '-r', '', 'a@b', '/'])(
    'knows no dataset %j at all',
    async (name) => {
      expect(await source.readDataset(name)).toBeUndefined();
    },
  );

  it('tells the bytes written since the newest snapshot where the ZFS knows', async () => {
    const { dataset, folder } = await createDataset('written');
    await pool.zfs('snapshot', `${dataset}@s`);
    await writeRandomFile(join(folder, 'file'), 1_000_000);
    await expect
      .poll(async () => (await source.readDataset(dataset))?.writtenBytes, { timeout: 20_000, interval: 200 })
      .toEqual(zfsKind === 'OpenZFS' ? expect.toSatisfy((bytes: number) => bytes >= 1_000_000) : undefined);
  });
});

describe('send and receive', () => {
  it('brings a full and an incremental stream to another dataset, the trees being equal', async () => {
    const { dataset, folder } = await createDataset('or igin');
    await mkdir(join(folder, 'sub folder'));
    await writeRandomFile(join(folder, 'sub folder', 'one'), 3_000_000);
    await writeFile(join(folder, 'two'), 'text\n');
    await pool.zfs('snapshot', `${dataset}@first one`);
    const firstTree = await readTree(folder);
    await writeRandomFile(join(folder, 'three'), 500_000);
    await rm(join(folder, 'two'));
    await pool.zfs('snapshot', `${dataset}@second:2`);
    const secondTree = await readTree(folder);

    const target = `${pool.name}/co py`;
    await receive(target, { dataset, snapshot: 'first one' });
    expect(await namesOf(target)).toEqual(['first one']);
    expect(await mountedTree(target)).toEqual(firstTree);
    // to look at a dataset may change it (access times), which a receive without force refuses
    await pool.zfs('rollback', `${target}@first one`);
    await receive(target, { dataset, snapshot: 'second:2', parent: 'first one' });
    expect(await mountedTree(target)).toEqual(secondTree);

    const guids = async (name: string) => (await source.readDataset(name))?.snapshots.map(({ guid }) => guid);
    expect(await guids(target)).toEqual(await guids(dataset));
  });

  it('leaves what it received unmounted where the ZFS can, and mounts it when asked', async () => {
    const { dataset } = await createDataset('mounting');
    await pool.zfs('snapshot', `${dataset}@s`);
    const step = { dataset, snapshot: 's' };
    await receive(`${pool.name}/quiet`, step);
    expect(await pool.get('mounted', `${pool.name}/quiet`)).toBe(zfsKind === 'OpenZFS' ? 'no' : 'yes');
    const loud = { target: `${pool.name}/loud`, snapshot: 's', force: false, mount: true };
    await source.receive(loud, source.send(step));
    expect(await pool.get('mounted', loud.target)).toBe('yes');
  });

  it('shows the commands that it runs', async () => {
    await source.readDataset(pool.name);
    const step = { target: 'tank/b', snapshot: 's', force: false, mount: false };
    expect(source.receiveCommands(step)).toEqual([
      zfsKind === 'OpenZFS' ? ['zfs', 'receive', '-u', 'tank/b@s'] : ['zfs', 'receive', 'tank/b@s'],
    ]);
  });

  it('overwrites only by force', async () => {
    const { dataset } = await createDataset('forced');
    const { dataset: target, folder } = await createDataset('in-the-way');
    await writeFile(join(folder, 'precious'), 'data');
    await pool.zfs('snapshot', `${dataset}@s`);
    const step = { dataset, snapshot: 's' };
    await expect(receive(target, step)).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      stderr: expect.stringMatching(/exists/),
      advice: expect.stringMatching(/force/),
    });
    expect(await readTree(folder)).toHaveProperty('/precious');
    await receive(target, step, true);
    expect(await namesOf(target)).toEqual(['s']);
  });

  it('says how to create the dataset above a target that has none', async () => {
    const { dataset } = await createDataset('lonely');
    await pool.zfs('snapshot', `${dataset}@s`);
    await expect(receive(`${pool.name}/not/there`, { dataset, snapshot: 's' })).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      stderr: expect.stringMatching(/does not exist/),
      advice: expect.stringContaining(`zfs create -p ${pool.name}/not`),
    });
    // a pool is not made so
    await expect(receive('z3bnopool/x', { dataset, snapshot: 's' })).rejects.toMatchObject({
      advice: expect.stringMatching(/^`zpool list` .*: z3bnopool must be one of them/),
    });
  });
});

describe('failures', () => {
  /** As of a stream that was cut short. */
  async function* sendMegabyte(dataset: string) {
    let bytes = 0;
    for await (const chunk of source.send({ dataset, snapshot: 's' })) {
      yield chunk;
      bytes += chunk.length;
      if (bytes > 1_000_000) return;
    }
  }

  it.each([
    { snapshot: 'nope' },
    { snapshot: 's', parent: 'nope' },
    { snapshot: 's', sendFlags: ['--no-such-flag'] },
  ])("throws zfs's words for a send of %j", async (step) => {
    const dataset = `${pool.name}/failing`;
    if ((await namesOf(dataset)) === undefined) await createDataset('failing');
    if ((await namesOf(dataset))?.length === 0) await pool.zfs('snapshot', `${dataset}@s`);
    const failure = await buffer(source.send({ dataset, ...step })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProcessFailedError);
    expect(failure).toMatchObject({ code: 'PROCESS_FAILED', stderr: expect.stringMatching(/\w/) });
    expect(await source.estimate({ dataset, ...step })).toBeUndefined();
  });

  it('leaves nothing under the name of a receive whose stream broke', async () => {
    const { dataset, folder } = await createDataset('broken');
    await writeRandomFile(join(folder, 'file'), 5_000_000);
    await pool.zfs('snapshot', `${dataset}@s`);
    const target = `${pool.name}/broken-copy`;
    async function* breaking() {
      yield* sendMegabyte(dataset);
      throw new Error('the network is gone');
    }
    const step = { target, snapshot: 's', force: false, mount: false };
    await expect(source.receive(step, breaking())).rejects.toThrow('the network is gone');
    // the daemon of zfs-fuse notices a moment later that its receiver is gone
    await expect.poll(() => namesOf(target), { timeout: 10_000 }).toBeUndefined();
  });

  it('refuses a stream that ends early and one that is no stream', async () => {
    const { dataset, folder } = await createDataset('short');
    await writeRandomFile(join(folder, 'file'), 2_000_000);
    await pool.zfs('snapshot', `${dataset}@s`);
    const step = { target: `${pool.name}/short-copy`, snapshot: 's', force: false, mount: false };
    async function* noise() {
      yield Buffer.from('this is no stream');
    }
    await expect(source.receive(step, sendMegabyte(dataset))).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
    });
    await expect(source.receive(step, noise())).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(await namesOf(step.target)).toBeUndefined();
  });

  it('ends a send and a receive when it is aborted', async () => {
    const { dataset, folder } = await createDataset('aborted');
    await writeRandomFile(join(folder, 'file'), 20_000_000);
    await pool.zfs('snapshot', `${dataset}@s`);
    const abort = new AbortController();
    async function* aborting() {
      for await (const chunk of source.send({ dataset, snapshot: 's' }, { signal: abort.signal })) {
        yield chunk;
        abort.abort(new Error('enough'));
      }
    }
    const step = { target: `${pool.name}/aborted-copy`, snapshot: 's', force: false, mount: false };
    await expect(source.receive(step, aborting(), { signal: abort.signal })).rejects.toThrow('enough');
    await expect.poll(() => namesOf(step.target), { timeout: 10_000 }).toBeUndefined();
    // neither side is still running: a send would keep the snapshot busy
    await pool.destroyDataset(dataset);
  });

  it('says PROGRAM_MISSING when there is no zfs', async () => {
    const missing = createZfsSource({ program: ['no-such-zfs'] });
    await expect(missing.readDataset(pool.name)).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  });

  it('works through a program that stands before zfs', async () => {
    const { dataset } = await createDataset('pre fix');
    await pool.zfs('snapshot', `${dataset}@s p`);
    const wrapped = createZfsSource({ program: ['env', 'A=1', 'zfs'] });
    expect((await wrapped.readDataset(dataset))?.snapshots.map(({ name }) => name)).toEqual(['s p']);
  });
});
