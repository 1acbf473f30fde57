import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { readBackups } from '../../src/reading/read-backups.ts';
import { readRecord } from '../../src/reading/read-record.ts';
import { reindex } from '../../src/reindex.ts';
import { status, statusOfStore } from '../../src/status.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { AS_BYTES } from '../as-bytes.ts';
import { startFaultProxy } from '../faults/fault-proxy.ts';
import { flipByte } from '../faults/faults.ts';
import { createCli } from '../main/run-cli.ts';
import { treeAt } from '../main/test-dataset.ts';
import { s3Server } from '../s3.ts';
import { createCliStore } from './cli-store.ts';
import { createTestJob, type TestJob } from './test-job.ts';

const MIB = 1024 ** 2;

let job: TestJob;
beforeAll(async () => {
  job = await createTestJob({ CHUNK_SIZE: '5M' });
  await job.data.snapshot('big one:2026', 12 * MIB);
  expect(await job.cli.zfs3backup('backup')).toMatchObject({ status: 0 });
  await job.data.snapshot('small');
  expect(await job.cli.zfs3backup('backup')).toMatchObject({ status: 0 });
});

const crcOf = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0');

async function bodyOf(store: ObjectStore, key: string): Promise<Buffer> {
  return buffer((await store.get(key)).chunks);
}

async function counted<Answer>(store: ObjectStore, work: () => Promise<Answer>) {
  const before = store.requests?.() ?? 0;
  const answer = await work();
  return { answer, requests: (store.requests?.() ?? 0) - before };
}

describe('a backup of a real dataset', () => {
  it('is recorded as zfs sent it and as the store has it', async () => {
    const { backups } = await readBackups(job.store, job.data.name);
    expect(backups).toHaveLength(2);
    for (const backup of backups) {
      const from = backup.parent === undefined ? [] : ['-i', `@${backup.parent}`];
      const { stdout: sent } = await execa(
        'zfs',
        ['send', ...from, `${job.data.name}@${backup.snapshot}`],
        AS_BYTES,
      );
      const body = await bodyOf(job.store, backup.key);
      const record = await readRecord(job.store, backup);
      expect(record).toMatchObject({
        ...{ streamBytes: sent.byteLength, streamCrc32: crcOf(sent) },
        ...{ storedBytes: body.byteLength, storedCrc32: crcOf(body), etag: backup.etag },
        ...{ compressor: 'zstd', madeBy: 'upload', guid: backup.guid, partBytes: 5 * MIB },
      });
      expect(record?.parts).toHaveLength(Math.ceil(body.byteLength / (5 * MIB)));
    }
  });

  it('is told by two requests, and all backups of the store by one', async () => {
    const of = await counted(job.store, () => status({ store: job.store, dataset: job.data.name }));
    expect(of.requests).toBe(2);
    expect(of.answer.snapshots).toMatchObject([
      { name: 'big one:2026', type: 'full', health: 'ok', record: 'ok' },
      { name: 'small', type: 'incremental', health: 'ok', record: 'ok' },
    ]);
    const all = await counted(job.store, () => statusOfStore({ store: job.store }));
    expect(all.requests).toBe(1);
    expect(all.answer.datasets).toMatchObject([{ dataset: job.data.name, backups: 2 }]);
  });

  it('that is flipped on its way is refused, with the part, although its ETag is no digest', async () => {
    const proxy = await startFaultProxy(s3Server().endpoint);
    const when = ({ key }: { readonly key: string }) => !key.includes('.records');
    proxy.inject({ kind: 'get', times: 99, when }, flipByte(6 * MIB));
    const through = job.cli.with({ ENDPOINT: proxy.endpoint, ZFS3BACKUP_PROVIDER: 'ceph' });
    const restored = await through.zfs3backup('restore', 'big one:2026', '--to', `${job.pool.name}/flipped`);
    await proxy.close();
    expect(restored.status).toBe(3);
    expect(restored.stderr).toMatch(/part 2 \(bytes 5242880–10485759\)/);
  });
});

describe('a bucket of several tools', () => {
  it('is restored over what has a record and what has none, and reindex makes listings tell all', async () => {
    const mixed = await createCliStore();
    const { store } = mixed;
    const { backups } = await readBackups(job.store, job.data.name);
    for (const { key, parent } of backups) {
      const metadata: Record<string, string> = parent
        ? { parent: `${job.data.name}@${parent}` }
        : { isfull: 'true' };
      await store.put(key, await bodyOf(job.store, key), { metadata: { ...metadata, compressor: 'zstd' } });
    }
    const own = await createCli({ ...job.cli.env, ...mixed.env });
    await job.data.snapshot('third');
    expect(await own.zfs3backup('backup')).toMatchObject({ status: 0 });
    await store.put(`${store.prefix}.records/${job.data.name}@third/2,of,another,time`, Buffer.from('{'));
    const before = await counted(store, () => status({ store, dataset: job.data.name }));
    expect(before.requests).toBe(2 + 2);
    expect(before.answer.snapshots.map(({ name, record }) => [name, record])).toEqual([
      ['big one:2026', 'none'],
      ['small', 'none'],
      ['third', 'ok'],
    ]);
    expect((await reindex({ store })).steps).toHaveLength(2);
    const after = await counted(store, () => status({ store, dataset: job.data.name }));
    expect(after.requests).toBe(2);
    expect(after.answer.summary.broken).toEqual([]);
    const target = `${job.pool.name}/mixed`;
    expect(await own.zfs3backup('restore', 'third', '--to', target)).toMatchObject({ status: 0 });
    expect(await treeAt(job.pool, target)).toEqual(job.data.treeOf('third'));
  });

  it('may have names and ETags of all kinds in the keys of records', async () => {
    const { store } = await createCliStore();
    const names = ['100%', 'a+b&c=d', 'ü ß', '%2F', ',f,t1', 'x'.repeat(965)];
    for (const [index, name] of names.entries()) {
      const parent = names[index - 1];
      const metadata = { isfull: 'true', compressor: 'my filter, 100%', guid: '18446744073709551615' };
      const incremental = { parent: `tank/a@${parent}`, 'parent-guid': '7' };
      const ascii = parent !== undefined && /^[ -~]{1,99}$/.test(parent);
      await store.put(`${store.prefix}tank/a@${name}`, Buffer.from(name), {
        metadata: ascii ? incremental : metadata,
      });
    }
    const before = await readBackups(store, undefined);
    expect((await reindex({ store })).steps).toHaveLength(names.length);
    const after = await counted(store, () => readBackups(store, undefined));
    const plain = ({ backups }: typeof before) =>
      backups.map(({ recordKey: _, ...backup }) => backup).sort((a, b) => (a.key < b.key ? -1 : 1));
    expect(plain(after.answer)).toEqual(plain(before));
    // The longest has no room for facts: it is asked itself.
    expect(after.requests).toBe(2);
    expect((await reindex({ store })).steps).toEqual([]);
  });

  it('shows an object that was stored since, and restores it', async () => {
    const { backups } = await readBackups(job.store, job.data.name);
    const small = backups.find(({ snapshot }) => snapshot === 'small');
    if (!small) throw new Error('no backup');
    const other = await createCliStore();
    const own = await createCli({ ...job.cli.env, ...other.env });
    expect(await own.zfs3backup('backup', '--history', '--snapshot', 'small')).toMatchObject({ status: 0 });
    const { stdout } = await execa(
      'zfs',
      ['send', '-i', `@${small.parent}`, `${job.data.name}@small`],
      AS_BYTES,
    );
    await other.store.put(small.key, stdout, { metadata: { parent: `${job.data.name}@${small.parent}` } });
    const shown = await own.zfs3backup('status');
    expect(shown).toMatchObject({ status: 3 });
    expect(shown.stdout).toContain('Not the object that was recorded: 1 (small)');
    const target = `${job.pool.name}/stale`;
    expect(await own.zfs3backup('restore', 'small', '--to', target)).toMatchObject({ status: 0 });
    expect(await treeAt(job.pool, target)).toEqual(job.data.treeOf('small'));
    expect(await own.zfs3backup('reindex', '--stale')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('wrote 1 record, removed 1 that stood for others; 1 backup had one.'),
    });
    expect((await own.zfs3backup('status')).stdout).not.toContain('Not the object');
  });
});
