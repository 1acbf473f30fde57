import { expect, it } from 'vitest';
import type { StreamFacts } from '../../src/inspect/stream-inspector.ts';
import type { BackupStep } from '../../src/lineage/plan-backup.ts';
import type { SnapshotSource } from '../../src/sources/source.ts';
import { inspectSent, inspectStored } from '../../src/steps/inspect-sent.ts';
import { createStreamBuilder } from '../inspect/build-stream.ts';
import { packageList, packageOf } from '../inspect/streams.ts';
import { thrownBy } from '../stream/fixtures.ts';
import { collect, producer } from '../transfer/bytes.ts';

const source = { streams: 'zfs' } as SnapshotSource;

function snapshot(name: string, guid: string) {
  return { name, guid, createtxg: '1', createdAt: new Date(0), referencedBytes: 0 };
}

/** The step for `tank/a@NAME` with this guid, on top of another guid where there is one. */
function step(name: string, guid: string, parentGuid?: string): BackupStep {
  return {
    kind: parentGuid === undefined ? 'full' : 'incremental',
    dataset: 'tank/a',
    snapshot: snapshot(name, guid),
    parent: parentGuid === undefined ? undefined : snapshot('before', parentGuid),
    parentName: undefined,
    flags: { flags: [], isRaw: false },
    after: [],
  } as unknown as BackupStep;
}

async function send(bytes: Buffer, planned: BackupStep, options = {}) {
  let facts: StreamFacts | undefined;
  const stream = inspectSent(producer(bytes), planned, { source, ...options }, (seen) => {
    facts = seen;
  });
  const passed = await collect(stream);
  return { passed: passed.equals(bytes), facts };
}

const full = createStreamBuilder().begin({ name: 'tank/a@2', guid: 12n }).end().bytes();
const incremental = createStreamBuilder()
  .begin({ name: 'tank/a@2', guid: 12n, parentGuid: 11n })
  .end()
  .bytes();

it('passes a stream on that is what was to be sent', async () => {
  expect(await send(full, step('2', '12'))).toMatchObject({ passed: true, facts: { kind: 'zfs' } });
  expect(await send(incremental, step('2', '12', '11'))).toMatchObject({ passed: true });
});

it('passes on what else is in a package', async () => {
  const sent = [
    { name: 'tank/a@2', guid: 12n, parentGuid: 11n },
    { name: 'tank/a@3', guid: 13n, parentGuid: 12n },
    { name: 'tank/a/kid@3', guid: 23n },
  ];
  const bytes = packageOf(packageList({ from: '1' }), sent).bytes();
  expect(await send(bytes, step('3', '13', '11'))).toMatchObject({ passed: true });
});

it.each([
  ['another snapshot of that name', full, step('2', '99')],
  ['a snapshot that was renamed', full, step('3', '12')],
  ['an incremental in place of a full', incremental, step('2', '12')],
  ['a full in place of an incremental', full, step('2', '12', '11')],
  ['an incremental on top of another', incremental, step('2', '12', '10')],
])('refuses %s at its end', async (_, bytes, planned) => {
  expect(await thrownBy(() => send(bytes, planned))).toMatchObject({
    code: 'MISMATCH',
    message: expect.stringContaining('was to be sent, and the stream is tank/a@2 (guid 12'),
  });
});

it.each([
  ['cut short', full.subarray(0, 400)],
  ['no ZFS stream', Buffer.from('anything else that is long enough')],
])('refuses what is %s, on its way out and back', async (_, bytes) => {
  expect(await thrownBy(() => send(bytes, step('2', '12')))).toMatchObject({ code: 'CORRUPT_STREAM' });
  const back = inspectStored(producer(bytes), { source });
  expect(await thrownBy(() => collect(back))).toMatchObject({
    code: 'CORRUPT_STREAM',
    advice: expect.stringContaining('restore from another backup'),
  });
});

it('hands the last bytes of a damaged stream to nobody', async () => {
  const damaged = Buffer.from(full);
  damaged.writeUInt8(1, 100);
  let given = 0;
  const read = async () => {
    for await (const chunk of inspectStored(producer(damaged, 312), { source })) given += chunk.byteLength;
  };
  expect(await thrownBy(read)).toMatchObject({ code: 'CORRUPT_STREAM' });
  expect(given).toBe(312);
});

it('looks at nothing where that is not wanted, or where streams are of another kind', async () => {
  const bytes = Buffer.from('anything else that is long enough');
  for (const options of [{ expect: 'none' }, { source: {} as SnapshotSource }]) {
    expect(await send(bytes, step('2', '12'), options)).toEqual({ passed: true, facts: undefined });
  }
});
