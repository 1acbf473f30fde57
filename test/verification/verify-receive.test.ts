import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createStreamBuilder } from '../inspect/build-stream.ts';
import { thrownBy } from '../stream/fixtures.ts';
import { bytesOf } from '../transfer/bytes.ts';
import { createMachine } from '../zfs-machine.ts';
import { createBucket, createChain, DATASET, full, incremental, rot } from './stored-backups.ts';
import { check, FIRST_DAMAGED, findings, of, verdicts } from './verdicts.ts';

const MIB = 1024 ** 2;

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
