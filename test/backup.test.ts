import { expect, it } from 'vitest';
import { backup } from '../src/backup.ts';
import { createFilterRegistry } from '../src/filters/registry.ts';
import type { SnapshotSource } from '../src/sources/source.ts';
import { chunksOf, thrownBy } from './stream/fixtures.ts';
import { createMemoryStore } from './transfer/memory-store.ts';

const PART = 64 * 1024;

/** A producer that falls silent after some parts, as \`zfs send\` of a pool in trouble does. */
function createSilentSource() {
  let wasLeft: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    wasLeft = resolve;
  });
  const source: SnapshotSource = {
    readDataset: async () => ({
      writtenBytes: undefined,
      snapshots: [{ name: '1', guid: '1', createtxg: '1', createdAt: new Date(0), referencedBytes: 1 }],
    }),
    estimate: async () => undefined,
    async *send(_, options) {
      options?.signal?.addEventListener('abort', wasLeft);
      for (let n = 0; n < 400; n += 1) yield crypto.getRandomValues(new Uint8Array(PART));
      await left;
    },
    receive: async () => {},
    sendCommand: () => [],
    receiveCommands: () => [[]],
  };
  return { source, left };
}

it.each(['none', 'zstd', 'gzip', 'pigz1'])(
  'a silent producer is left when the store has failed (%s)',
  async (name) => {
    const failure = new Error('no space left');
    const memory = createMemoryStore();
    const store = {
      ...memory,
      startUpload: async (...of: Parameters<typeof memory.startUpload>) => ({
        ...(await memory.startUpload(...of)),
        putPart: () => Promise.reject(failure),
      }),
    };
    const { source, left } = createSilentSource();
    const filter = createFilterRegistry().find(name);
    const outcome = backup({
      store,
      source,
      dataset: 'tank/a',
      partBytes: PART,
      ...(filter ? { filter } : {}),
    });
    expect(await thrownBy(() => outcome)).toBe(failure);
    await left;
  },
);

it.each(['none', 'zstd', 'gzip'])(
  'an empty stream is refused, also where the filter would make something of it (%s)',
  async (name) => {
    const store = createMemoryStore();
    const source: SnapshotSource = { ...createSilentSource().source, send: () => chunksOf('') };
    const filter = createFilterRegistry().find(name);
    const outcome = backup({ store, source, dataset: 'tank/a', ...(filter ? { filter } : {}) });
    expect(await thrownBy(() => outcome)).toMatchObject({ code: 'EMPTY_STREAM' });
    const left: string[] = [];
    for await (const { key } of store.list('')) left.push(key);
    expect(left).toEqual([]);
  },
);

it('a compressor that writes nothing is named', async () => {
  const store = createMemoryStore();
  const source: SnapshotSource = { ...createSilentSource().source, send: () => chunksOf('all of it') };
  const silent = { name: 'silent', compress: ['sh', '-c', 'cat > /dev/null'], decompress: ['cat'] };
  const filter = createFilterRegistry([silent]).find('silent');
  const outcome = backup({ store, source, dataset: 'tank/a', expect: 'none', ...(filter ? { filter } : {}) });
  expect(await thrownBy(() => outcome)).toMatchObject({
    code: 'EMPTY_STREAM',
    message: 'tank/a@1: silent wrote nothing, though the stream is not empty; nothing was stored',
    advice: expect.stringContaining('stdout'),
  });
});
