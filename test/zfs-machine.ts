import { createZfsInspector } from '../src/inspect/zfs-inspector.ts';
import type { ReceiveStep, Snapshot, SnapshotSource } from '../src/sources/source.ts';
import { createStreamBuilder } from './inspect/build-stream.ts';
import { bytesOf } from './transfer/bytes.ts';

export interface MachineSnapshot {
  readonly name: string;
  readonly guid: bigint;
  /** What it builds on in the store, where it is an incremental. */
  readonly parentGuid?: bigint;
}

const RECORD_BYTES = 312;

/** The stream that a ZFS would send, with some kilobytes of data that are its own. */
export function streamOf(dataset: string, { name, guid, parentGuid }: MachineSnapshot): Buffer {
  const builder = createStreamBuilder().begin({
    name: `${dataset}@${name}`,
    guid,
    ...(parentGuid === undefined ? {} : { parentGuid }),
  });
  for (let block = 0; block < 3; block++) builder.write(bytesOf(4096, Number(guid) * 10 + block));
  return builder.end().bytes();
}

/**
 * A machine with one dataset, whose snapshots can be sent, and which receives like a ZFS: a full stream into a dataset
 * that is not there, an incremental on the newest snapshot, back to a former one by force.
 */
export function createMachine(dataset: string, snapshots: readonly MachineSnapshot[]) {
  const datasets = new Map<string, Snapshot[]>([[dataset, snapshots.map(snapshotOf)]]);
  const done: string[] = [];

  async function receive(step: ReceiveStep, stream: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const chunk of stream) pieces.push(Buffer.from(chunk));
    const whole = Buffer.concat(pieces);
    const inspector = createZfsInspector({ checksums: true });
    inspector.push(whole);
    inspector.end();
    const begin = whole.subarray(0, RECORD_BYTES);
    const guid = String(begin.readBigUInt64LE(40));
    const parentGuid = begin.readBigUInt64LE(48);
    const { target, snapshot, base, force } = step;
    done.push(`${step.rehearse ? 'rehearse' : 'receive'}${force ? ' -F' : ''} ${snapshot}`);
    if (step.rehearse) return;
    const there = datasets.get(target);
    if (parentGuid === 0n ? there !== undefined : there === undefined)
      throw new Error(`${target}: no such place`);
    const kept = there ?? [];
    if (force) kept.splice(kept.findIndex(({ name }) => name === base) + 1);
    if (parentGuid !== 0n && kept.at(-1)?.guid !== String(parentGuid))
      throw new Error(`${target}: does not match`);
    datasets.set(target, [...kept, { ...snapshotOf({ name: snapshot, guid: 0n }, kept.length), guid }]);
  }

  const source: SnapshotSource = {
    readDataset: async (name) => {
      const found = datasets.get(name);
      return found && { snapshots: found, writtenBytes: 0 };
    },
    estimate: async () => undefined,
    async *send({ snapshot, parent }) {
      const guidOf = (name: string) => snapshots.find((each) => each.name === name)?.guid ?? 0n;
      const stream = { name: snapshot, guid: guidOf(snapshot) };
      yield streamOf(dataset, parent === undefined ? stream : { ...stream, parentGuid: guidOf(parent) });
    },
    receive,
    async destroy(name) {
      done.push('destroy');
      datasets.delete(name);
    },
    sendCommand: () => [],
    receiveCommands: () => [[]],
  };
  return { source, datasets, done };
}

function snapshotOf({ name, guid }: MachineSnapshot, at: number): Snapshot {
  return {
    name,
    guid: String(guid),
    createtxg: String(at + 1),
    createdAt: new Date(1_700_000_000_000 + at * 1000),
    referencedBytes: 1000,
  };
}
