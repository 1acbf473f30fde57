import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { backup } from '../../src/backup.ts';
import { StoreError } from '../../src/errors.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { readBackups } from '../../src/reading/read-backups.ts';
import { readRecord } from '../../src/reading/read-record.ts';
import type { SnapshotSource } from '../../src/sources/source.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { readObject } from '../transfer/bytes.ts';
import { createMemoryStore, KIB } from '../transfer/memory-store.ts';

const PART = 64 * KIB;
const crcOf = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0');

/** A dataset of two snapshots, whose streams are these bytes. */
function sourceOf(streams: readonly Uint8Array[]): SnapshotSource {
  const snapshots = streams.map((_, index) => ({
    ...{ name: `s ${index + 1}`, guid: String(17 + index), createtxg: String(index + 1), referencedBytes: 1 },
    createdAt: new Date(Date.UTC(2026, 10, 20 + index)),
  }));
  return {
    readDataset: async () => ({ writtenBytes: undefined, snapshots }),
    estimate: async () => 7,
    async *send({ snapshot }) {
      const index = snapshots.findIndex(({ name }) => name === snapshot);
      const stream = streams[index] ?? new Uint8Array();
      for (let at = 0; at < stream.byteLength; at += 5000) yield stream.subarray(at, at + 5000);
    },
    receive: async () => {},
    sendCommand: () => [],
    receiveCommands: () => [[]],
  };
}

/** A stream that compresses to more than one part. */
const stream = Buffer.concat([randomBytes(5 * PART), Buffer.alloc(PART)]);

async function recordOf(store: ObjectStore, snapshot: string) {
  const { backups } = await readBackups(store, 'tank/a');
  const found = backups.find((each) => each.snapshot === snapshot);
  if (!found) throw new Error(`no backup ${snapshot}`);
  return { found, record: await readRecord(store, found), body: await readObject(store, found.key) };
}

describe('a backup', () => {
  it.each(['none', 'zstd', 'gzip'])('is recorded as it was read and as it was stored (%s)', async (name) => {
    const store = createMemoryStore();
    const filter = createFilterRegistry().find(name);
    const options = { store, dataset: 'tank/a', partBytes: PART, ...(filter ? { filter } : {}) };
    await backup({ ...options, source: sourceOf([stream]) });
    await backup({ ...options, source: sourceOf([stream, stream.subarray(0, 10)]) });
    const { found, record, body } = await recordOf(store, 's 1');
    expect(found).toMatchObject({
      streamBytes: stream.byteLength,
      snapshotCreatedAt: new Date('2026-11-20T00:00:00Z'),
    });
    expect(record).toMatchObject({
      ...{ key: 'p/tank/a@s 1', kind: 'full', parent: null, guid: '17', parentGuid: null, encryptor: null },
      ...{ compressor: name === 'none' ? null : name, etag: found.etag, storedBytes: body.byteLength },
      ...{
        estimate: 7,
        streamBytes: stream.byteLength,
        streamCrc32: crcOf(stream),
        storedCrc32: crcOf(body),
      },
      ...{ partBytes: PART, snapshotCreatedAt: '2026-11-20T00:00:00.000Z', madeBy: 'upload' },
      tool: expect.stringMatching(/^zfs3backup \d+\.\d+\.\d+/),
    });
    expect(record?.filters.map((each) => each.name)).toEqual(name === 'none' ? [] : [name]);
    expect(record?.parts.length).toBeGreaterThan(1);
    let at = 0;
    for (const { bytes, crc32: crc } of record?.parts ?? []) {
      expect(crc).toBe(crcOf(body.subarray(at, at + bytes)));
      at += bytes;
    }
    expect(at).toBe(body.byteLength);
    const second = await recordOf(store, 's 2');
    expect(second.record).toMatchObject({
      kind: 'incremental',
      parent: 's 1',
      guid: '18',
      parentGuid: '17',
      streamBytes: 10,
    });
    expect(second.record?.parts).toHaveLength(1);
  });

  it('that cannot be recorded is stored all the same, with a word about reindex', async () => {
    const memory = createMemoryStore();
    const denied = { operation: 'put', retryable: false };
    const store: ObjectStore = {
      ...memory,
      async put(key, body, call) {
        if (key.startsWith('p/.records/'))
          throw new StoreError('STORE_DENIED', `${key} is not for you`, denied);
        return memory.put(key, body, call);
      },
    };
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn: (_: object, message: string) => void warnings.push(message),
    };
    const { backups } = await backup({ store, source: sourceOf([stream]), dataset: 'tank/a', logger });
    expect(backups).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^p\/tank\/a@s 1 is stored and whole, but could not be recorded: .* is not for you\. `zfs3backup reindex`/,
      ),
    ]);
    expect((await recordOf(store, 's 1')).found).toMatchObject({
      recordKey: undefined,
      staleRecordKey: undefined,
    });
  });

  it('of a name that was used before has a record of its own', async () => {
    const store = createMemoryStore();
    const options = { store, dataset: 'tank/a' };
    await backup({ ...options, source: sourceOf([stream]) });
    await store.remove('p/tank/a@s 1');
    const other = stream.subarray(0, 100);
    await backup({ ...options, source: sourceOf([other]) });
    const { found, record } = await recordOf(store, 's 1');
    expect(found).toMatchObject({ streamBytes: 100, staleRecordKey: undefined });
    expect(record).toMatchObject({ streamCrc32: crcOf(other) });
    expect((await readBackups(store, 'tank/a')).superseded).toHaveLength(1);
  });
});
