import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { readLineage } from '../../src/reading/read-lineage.ts';
import { markReplications } from '../../src/reading/read-replications.ts';
import { createStreamBuilder, packNvlist } from '../inspect/build-stream.ts';
import { ALL_SENT, packageList, packageOf } from '../inspect/streams.ts';
import { chunksOf, collect } from '../stream/fixtures.ts';
import { createMemoryStore } from '../transfer/memory-store.ts';

const filters = createFilterRegistry();

const plain = () => createStreamBuilder().begin().write(randomBytes(400_000)).end().bytes();
const replication = () => packageOf(packageList(), ALL_SENT).bytes();
/** Of \`send -p\`: it says that it is of one dataset. */
const withProperties = () => packageOf(packNvlist({ not_recursive: 1n, tosnap: '3' }), ALL_SENT).bytes();
const bigEndian = () => packageOf(packageList(), ALL_SENT, { bigEndian: true }).bytes();

/** A chain of these bodies, oldest first, as predecessors left it unless it says how it was sent. */
async function chainOf(bodies: readonly { body: Buffer; compressor?: string; flags?: string }[]) {
  const memory = createMemoryStore();
  let reads = 0;
  for (const [index, { body, compressor = 'none', flags }] of bodies.entries()) {
    const filter = filters.find(compressor);
    const stored = filter ? await collect(filter.encode(chunksOf(body))) : body;
    const metadata = {
      ...(index === 0 ? { isfull: 'true' } : { parent: `tank/a@${index - 1}` }),
      ...{ compressor },
      ...(flags ? { 'send-flags': flags } : {}),
    };
    await memory.put(`p/tank/a@${index}`, stored, { metadata });
  }
  const store = {
    ...memory,
    prefix: 'p/',
    get: (...given: Parameters<typeof memory.get>) => {
      reads += 1;
      return memory.get(...given);
    },
  };
  const lineage = await readLineage(store, 'tank/a');
  const steps = lineage.entries.map(({ backup }) => backup);
  const marked = await markReplications(lineage, steps, { store, filters }, {});
  return { flags: marked.entries.map(({ backup }) => backup.sendFlags), reads: () => reads, marked, lineage };
}

it.each(['none', 'zstd', 'gzip'])('finds packages of several datasets (%s)', async (compressor) => {
  const bodies = [replication(), bigEndian(), plain(), withProperties()];
  const { flags } = await chainOf(bodies.map((body) => ({ body, compressor })));
  expect(flags).toEqual([['-R'], ['-R'], undefined, undefined]);
});

it('asks no further where the oldest is none, and nobody who says how it was sent', async () => {
  const first = await chainOf([{ body: plain() }, { body: replication() }]);
  expect([first.reads(), first.marked === first.lineage]).toEqual([1, true]);
  const said = await chainOf([
    { body: replication(), flags: '-R' },
    { body: replication(), flags: '-c' },
  ]);
  expect(said.reads()).toBe(0);
});

it.each([
  ['nothing', ''],
  ['no stream', 'z'.repeat(1000)],
  ['half a record', plain().subarray(0, 100)],
])('leaves %s to those who read it', async (_what, body) => {
  const { marked, lineage } = await chainOf([{ body: Buffer.from(body) }]);
  expect(marked).toBe(lineage);
});
