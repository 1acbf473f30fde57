import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createFilterRegistry } from '../src/filters/registry.ts';
import { encodeSendFlags } from '../src/lineage/send-flags.ts';
import { restore, runRestorePlan } from '../src/restore.ts';
import { restoreStream } from '../src/restore-stream.ts';
import type { SnapshotSource } from '../src/sources/source.ts';
import { verify } from '../src/verify.ts';
import { collect, cutAt, thrownBy } from './stream/fixtures.ts';
import { createMemoryStore } from './transfer/memory-store.ts';

const DATASET = 'tank/a';

/** A machine that has nothing, whose receiver knows the end of a stream when it sees it, as `zfs receive` does. */
function createReceiver(wholeBytes: number) {
  const received: string[] = [];
  const source: SnapshotSource = {
    readDataset: async () => undefined,
    estimate: async () => undefined,
    send: () => cutAt(new Uint8Array(), [1]),
    async receive({ target, snapshot }, stream) {
      let bytes = 0;
      for await (const chunk of stream) {
        bytes += chunk.byteLength;
        if (bytes === wholeBytes) received.push(`${target}@${snapshot}`);
      }
    },
    sendCommand: () => [],
    receiveCommands: () => [[]],
  };
  return { source, received };
}

async function restoreFrom(body: Buffer, compressor: string | undefined, wholeBytes: number) {
  const store = createMemoryStore();
  const key = `p/${DATASET}@1`;
  const metadata = { isfull: 'true', ...(compressor && { compressor }) };
  await store.put(key, body, { metadata });
  const { source, received } = createReceiver(wholeBytes);
  const filters = createFilterRegistry([
    { name: 'liar', compress: ['cat'], decompress: ['sh', '-c', 'cat; exit 9'] },
  ]);
  const outcome = restore({
    store: { ...store, prefix: 'p/' },
    source,
    filters,
    dataset: DATASET,
    snapshot: '1',
  });
  return { outcome, received };
}

/** A multiple of all chunk sizes, so that a decoder has nothing left to say when it meets the checksum. */
const data = Buffer.alloc(2 * 1024 * 1024, 'stream ');

async function zstd(): Promise<Buffer> {
  const filter = createFilterRegistry().find('zstd');
  if (!filter) throw new Error('zstd is always there');
  return collect(filter.encode(cutAt(data, [100_000])));
}

function withDamagedEnd(body: Buffer, fromEnd: number): Buffer {
  const damaged = Buffer.from(body);
  damaged[body.byteLength - fromEnd] = (damaged[body.byteLength - fromEnd] ?? 0) ^ 1;
  return damaged;
}

describe('a receiver does not see the end of a stream', () => {
  it('that is not whole, and sees it otherwise', async () => {
    for (const [body, compressor] of [
      [data, undefined],
      [gzipSync(data), 'gzip'],
      [await zstd(), 'zstd'],
    ] as const) {
      const { outcome, received } = await restoreFrom(body, compressor, data.byteLength);
      expect(await outcome).toMatchObject({ received: [{ streamBytes: data.byteLength }] });
      expect(received).toEqual([`${DATASET}@1`]);
    }
  });

  it.each([
    ['gzip data is damaged', 'gzip', () => withDamagedEnd(gzipSync(data), 8), 'CORRUPT_STREAM'],
    ['zstd data is damaged', 'zstd', async () => withDamagedEnd(await zstd(), 1), 'CORRUPT_STREAM'],
    ['program failed when it had written all', 'liar', () => data, 'PROCESS_FAILED'],
  ] as const)('whose %s', async (_, compressor, body, code) => {
    const { outcome, received } = await restoreFrom(await body(), compressor, data.byteLength);
    expect(await thrownBy(() => outcome)).toMatchObject({ code });
    expect(received).toEqual([]);
  });
});

it('what a caller names no filters for is decoded with the built-in ones', async () => {
  const store = { ...createMemoryStore(), prefix: 'p/' };
  await store.put(`p/${DATASET}@1`, await zstd(), { metadata: { isfull: 'true', compressor: 'zstd' } });
  const { source, received } = createReceiver(data.byteLength);
  await restore({ store, source, dataset: DATASET, snapshot: '1' });
  expect(received).toEqual([`${DATASET}@1`]);
  let bytes = 0;
  await restoreStream({ store, source, dataset: DATASET, snapshot: '1', expect: 'none' }, async (chunk) => {
    bytes += chunk.byteLength;
  });
  expect(bytes).toBe(data.byteLength);
  const { backups } = await verify({ store, level: 2 });
  // It is no ZFS stream; that was found behind the decoder.
  expect(backups).toMatchObject([{ verdict: 'damaged', findings: [{ kind: 'stream' }] }]);
});

it('a stream that nobody takes is left when the signal aborts', async () => {
  const store = { ...createMemoryStore(), prefix: 'p/' };
  await store.put(`p/${DATASET}@1`, data, { metadata: { isfull: 'true' } });
  const { source } = createReceiver(0);
  const stop = new AbortController();
  const reason = new Error('SIGTERM');
  const options = { store, source, dataset: DATASET, snapshot: '1', expect: 'none' } as const;
  const restoring = restoreStream({ ...options, signal: stop.signal }, () => {
    setImmediate(() => stop.abort(reason));
    return new Promise(() => {});
  });
  expect(await thrownBy(() => restoring)).toBe(reason);
});

it('a call that is wrong touches nothing of the target', async () => {
  const touched: string[] = [];
  const source: SnapshotSource = {
    ...createReceiver(0).source,
    async mark() {
      touched.push('marked');
    },
    async dropPartial() {
      touched.push('dropped');
    },
  };
  const plan = { target: DATASET, steps: [], marks: [{}], drops: true };
  const options = { store: createMemoryStore(), source, dataset: DATASET, maxMemory: Number.NaN };
  await expect(runRestorePlan(plan as never, options as never)).rejects.toMatchObject({ code: 'USAGE' });
  expect(touched).toEqual([]);
});

it('a silent store is left when the receiver has failed', async () => {
  const memory = createMemoryStore();
  // It says how it was sent, so that nobody looks at it before.
  const metadata = { isfull: 'true', compressor: 'zstd', 'send-flags': encodeSendFlags([]) };
  await memory.put(`p/${DATASET}@1`, await zstd(), { metadata });
  let wasLeft: Promise<unknown> = Promise.reject(new Error('nothing was asked for'));
  wasLeft.catch(() => {});
  const store = {
    ...memory,
    prefix: 'p/',
    async get(...[key, call]: Parameters<typeof memory.get>) {
      wasLeft = new Promise((resolve) => call?.signal?.addEventListener('abort', resolve));
      const chunks = async function* () {
        await wasLeft;
        yield new Uint8Array(1);
      };
      return { ...(await memory.get(key, call)), chunks: chunks() };
    },
  };
  const failure = new Error('the receiver died');
  const source: SnapshotSource = {
    ...createReceiver(0).source,
    async receive(_, stream) {
      void stream[Symbol.asyncIterator]()
        .next()
        .catch(() => {});
      await wait(20);
      throw failure;
    },
  };
  const filters = createFilterRegistry();
  const outcome = restore({ store, source, filters, dataset: DATASET, snapshot: '1' });
  expect(await thrownBy(() => outcome)).toBe(failure);
  await wasLeft;
});
