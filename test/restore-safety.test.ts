import { describe, expect, it } from 'vitest';
import { StoreError } from '../src/errors.ts';
import { createFilterRegistry } from '../src/filters/registry.ts';
import type { Logger } from '../src/logger.ts';
import { readRestorePlan, restore, runRestorePlan } from '../src/restore.ts';
import { NotContinuableError } from '../src/sources/not-continuable.ts';
import type {
  DatasetState,
  PartialReceive,
  ReceiveStep,
  Snapshot,
  SnapshotSource,
} from '../src/sources/source.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { thrownBy } from './stream/fixtures.ts';
import { createMemoryStore } from './transfer/memory-store.ts';

const DATASET = 'tank/a';

interface Machine {
  state: DatasetState | undefined;
  readonly done: string[];
  readonly steps: ReceiveStep[];
}

/** A receiver that writes down what is asked of it. */
function createMachine(state: DatasetState | undefined, more: Partial<SnapshotSource> = {}) {
  const machine: Machine = { state, done: [], steps: [] };
  const source: SnapshotSource = {
    readDataset: async () => machine.state,
    estimate: async () => undefined,
    send: async function* () {},
    async receive(step, stream) {
      for await (const _ of stream);
      machine.steps.push(step);
      machine.done.push(`receive ${step.snapshot}${step.continues ? ' on' : ''}`);
    },
    sendCommand: () => [],
    receiveCommands: ({ target }) => [['receive', target]],
    dropPartial: async (target) => void machine.done.push(`drop ${target}`),
    dropPartialCommand: (target) => ['drop', target],
    ...more,
  };
  return { machine, source };
}

async function createStore(...backups: readonly (readonly [string, Record<string, string>])[]) {
  const store = { ...createMemoryStore(), prefix: 'p/' };
  for (const [name, metadata] of backups) {
    await store.put(`p/${DATASET}@${name}`, Buffer.from(`stream of ${name}`), { metadata });
  }
  return store;
}

const A = ['a', { isfull: 'true', guid: '1', 'send-flags': 'none' }] as const;
const B = ['b', { parent: `${DATASET}@a`, guid: '2', 'parent-guid': '1', 'send-flags': 'none' }] as const;

function snapshot(name: string, guid: string): Snapshot {
  return { name, guid, createtxg: guid, createdAt: new Date(0), referencedBytes: 1 };
}

const stateOf = (snapshots: readonly Snapshot[], partial?: PartialReceive): DatasetState => {
  return { snapshots, writtenBytes: 0, ...(partial ? { partial } : {}) };
};

function partialOf(guid: string, isAll = false): PartialReceive {
  return { guid, parentGuid: undefined, name: 'tank/z@sent', bytes: 5, isAll, token: 'the-token' };
}

function optionsFor(store: ObjectStore, source: SnapshotSource, name = 'b') {
  return { store, source, filters: createFilterRegistry(), dataset: DATASET, snapshot: name };
}

function createLog() {
  const lines: string[] = [];
  const say = (_: object, message: string) => void lines.push(message);
  const logger: Logger = { debug() {}, info: say, warn: say };
  return { lines, logger };
}

describe('what arrived', () => {
  it('must be what was backed up', async () => {
    const store = await createStore(A);
    const { source } = createMachine(undefined, { readGuid: async () => '99' });
    const error = await thrownBy(() => restore(optionsFor(store, source, 'a')));
    expect(error).toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('has the guid 99') });
    const gone = createMachine(undefined, { readGuid: async () => undefined });
    expect(await thrownBy(() => restore(optionsFor(store, gone.source, 'a')))).toMatchObject({
      message: expect.stringContaining('tank/a@a is not there'),
    });
    const right = createMachine(undefined, { readGuid: async () => '1' });
    expect(await restore(optionsFor(store, right.source, 'a'))).toMatchObject({ received: [{}] });
  });
});

describe('what an interrupted receive left', () => {
  it('is gone on with', async () => {
    const store = await createStore(A, B);
    const { source, machine } = createMachine(stateOf([], partialOf('1', true)));
    await restore(optionsFor(store, source));
    expect(machine.done).toEqual(['receive a on', 'receive b']);
  });

  it('is dropped, and its step begun anew, where the stream does not serve', async () => {
    const store = await createStore(A, B);
    const { source, machine } = createMachine(stateOf([snapshot('a', '1')], partialOf('2')));
    const { receive } = source;
    const refusing: SnapshotSource = {
      ...source,
      receive: async (step, ...rest) => {
        if (step.continues) throw new NotContinuableError('it is a package');
        return receive(step, ...rest);
      },
    };
    const { lines, logger } = createLog();
    const result = await restore({ ...optionsFor(store, refusing), logger });
    expect(machine.done).toEqual([`drop ${DATASET}`, 'receive b']);
    expect(lines[0]).toContain('is received from its start');
    expect(result.received[0]).toMatchObject({ storedBytes: 11 });
  });

  it('is dropped first when asked for', async () => {
    const store = await createStore(A, B);
    const { source, machine } = createMachine(stateOf([snapshot('a', '1')], partialOf('7')));
    expect(await thrownBy(() => restore(optionsFor(store, source)))).toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('tank/z@sent'),
    });
    const options = { ...optionsFor(store, source), abortPartial: true };
    expect((await readRestorePlan(options)).steps[0]?.before).toEqual([['drop', DATASET]]);
    await restore(options);
    expect(machine.done).toEqual([`drop ${DATASET}`, 'receive b']);
  });

  it.each([
    ['told of when the store went away', 'STORE_UNREACHABLE', 'the same command goes on with it', []],
    ['dropped when it is in doubt', 'MISMATCH', 'was dropped', [`drop ${DATASET}`]],
  ] as const)('is %s', async (_, code, words, done) => {
    const store = await createStore(A);
    const { source, machine } = createMachine(undefined);
    const failure = new StoreError(code, 'no more', { operation: 'get', retryable: false });
    const failing: SnapshotSource = {
      ...source,
      async receive() {
        machine.state = stateOf([], partialOf('1', true));
        throw failure;
      },
    };
    const { lines, logger } = createLog();
    expect(await thrownBy(() => restore({ ...optionsFor(store, failing, 'a'), logger }))).toBe(failure);
    expect(lines.join('\n')).toContain(words);
    expect(machine.done).toEqual(done);
  });

  it('stays where it is of something else that came meanwhile', async () => {
    const store = await createStore(A);
    const { source, machine } = createMachine(undefined);
    const failing: SnapshotSource = {
      ...source,
      async receive() {
        machine.state = stateOf([], partialOf('4711'));
        throw new StoreError('MISMATCH', 'x', { operation: 'get', retryable: false });
      },
    };
    await thrownBy(() => restore(optionsFor(store, failing, 'a')));
    expect(machine.done).toEqual([]);
  });
});

describe('consent', () => {
  it('is for what stood in the plan: what came since stops it', async () => {
    const store = await createStore(A, B);
    const seen = [snapshot('a', '1'), snapshot('mine', '8')];
    const { source, machine } = createMachine(stateOf(seen));
    const options = { ...optionsFor(store, source), force: true };
    const plan = await readRestorePlan(options);
    expect(plan.losses).toEqual([`the snapshot ${DATASET}@mine`]);
    machine.state = stateOf([...seen, snapshot('precious', '9')]);
    expect(await thrownBy(() => runRestorePlan(plan, options))).toMatchObject({
      code: 'WOULD_LOSE_DATA',
      message: expect.stringContaining(`${DATASET}@precious`),
    });
    expect(machine.done).toEqual([]);
    machine.state = stateOf(seen);
    await runRestorePlan(plan, options);
    expect(machine.done).toEqual(['receive b']);
  });
});

describe('before anything is touched it stops', () => {
  async function refused(metadata: Record<string, string>) {
    const store = await createStore(A, ['b', { ...B[1], ...metadata }]);
    const { source, machine } = createMachine(undefined);
    const error = await thrownBy(() => restore(optionsFor(store, source)));
    expect(machine.done).toEqual([]);
    return error;
  }

  it('where a later backup needs a compressor that is not known here', async () => {
    expect(await refused({ compressor: 'nosuch' })).toMatchObject({ code: 'UNKNOWN_FILTER' });
  });

  it('where a later backup needs a program that is not here', async () => {
    const store = await createStore(A, ['b', { ...B[1], compressor: 'odd' }]);
    const { source, machine } = createMachine(undefined);
    const filters = createFilterRegistry([
      { name: 'odd', compress: ['cat'], decompress: ['z3b-no-such-program'] },
    ]);
    const error = await thrownBy(() => restore({ ...optionsFor(store, source), filters }));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING' });
    expect(machine.done).toEqual([]);
  });

  it('where the chain is broken', async () => {
    expect(await refused({ parent: `${DATASET}@x`, 'parent-guid': '5' })).toMatchObject({
      code: 'BROKEN_CHAIN',
    });
  });

  it('where an object is archived', async () => {
    const memory = await createStore(A, B);
    const classOf = (key: string) => (key.endsWith('@b') ? 'DEEP_ARCHIVE' : 'STANDARD');
    const store: ObjectStore = {
      ...memory,
      async *list(prefix, call) {
        for await (const each of memory.list(prefix, call))
          yield { ...each, storageClass: classOf(each.key) };
      },
      async get(key, call) {
        if (classOf(key) === 'STANDARD') return memory.get(key, call);
        throw new StoreError('ARCHIVED', 'archived', { operation: 'get', key, retryable: false });
      },
    };
    const { source, machine } = createMachine(undefined);
    const error = await thrownBy(() => restore(optionsFor(store, source)));
    expect(error).toMatchObject({ code: 'ARCHIVED' });
    expect(error).toMatchObject({
      message: expect.stringContaining('1 of 2 objects are archived'),
      advice: expect.stringContaining('--thaw'),
    });
    expect(machine.done).toEqual([]);
  });

  it.each(['-n=x', 'canmount', '=x', 'a b=c', 'mountpoint=/x\n'])(
    'where a property is %j',
    async (property) => {
      const store = await createStore(A);
      const { source } = createMachine(undefined);
      const outcome = restore({ ...optionsFor(store, source, 'a'), properties: [property] });
      expect(await thrownBy(() => outcome)).toMatchObject({ code: 'USAGE' });
    },
  );
});

it('a chain of backups with guids and records, without them, and of predecessors is one chain', async () => {
  const store = await createStore(
    ['z3', { isfull: 'true', compressor: 'none', size: '14' }],
    ['python', { parent: `${DATASET}@z3`, is_full: 'false' }],
    ['ours', { parent: `${DATASET}@python`, guid: '3', 'parent-guid': '2', 'send-flags': '-L' }],
    ['later', { parent: `${DATASET}@ours`, guid: '4', 'parent-guid': '3', 'send-flags': '-L' }],
  );
  const none = createMachine(undefined);
  await restore(optionsFor(store, none.source, 'later'));
  expect(none.machine.done).toEqual(['receive z3', 'receive python', 'receive ours', 'receive later']);
  expect(none.machine.steps.map(({ base }) => base)).toEqual([undefined, 'z3', 'python', 'ours']);
  // known by name where the object tells no guid, by guid where it does
  const some = createMachine(stateOf([snapshot('z3', '1'), snapshot('python', '2')]));
  await restore(optionsFor(store, some.source, 'later'));
  expect(some.machine.done).toEqual(['receive ours', 'receive later']);
  const renamed = createMachine(stateOf([snapshot('z3', '1'), snapshot('moved', '3')]));
  await restore(optionsFor(store, renamed.source, 'later'));
  expect(renamed.machine.done).toEqual(['receive later']);
  expect(renamed.machine.steps[0]).toMatchObject({ base: 'moved' });
});

describe('what the receiver is told', () => {
  it('is to keep what arrives, and properties for each step', async () => {
    const store = await createStore(A, B);
    const { source, machine } = createMachine(undefined);
    const asked = { properties: ['canmount=off'], withoutProperties: ['quota'] };
    await restore({ ...optionsFor(store, source), ...asked, target: 'tank/other' });
    expect(machine.steps).toHaveLength(2);
    for (const step of machine.steps)
      expect(step).toMatchObject({ ...asked, resumable: true, force: false, mount: false });
  });

  it.each([
    ['none', 'tank/other', false],
    ['-p', 'tank/other', true],
    ['-R', 'tank/other', true],
    [undefined, 'tank/other', true],
    ['-p', DATASET, false],
  ])('of flags %s into %s: leave the place out, %s', async (flags, target, withoutPlace) => {
    const { 'send-flags': _, ...metadata } = A[1];
    const store = await createStore(['a', { ...metadata, ...(flags ? { 'send-flags': flags } : {}) }]);
    const { source, machine } = createMachine(undefined);
    await restore({ ...optionsFor(store, source, 'a'), target });
    expect(machine.steps[0]).toMatchObject({ withoutPlace });
  });
});
