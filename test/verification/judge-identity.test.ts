import { describe, expect, it } from 'vitest';
import type { StreamFacts, ZfsStreamFacts } from '../../src/inspect/stream-inspector.ts';
import { judgeIdentity, type SaidIdentity } from '../../src/verification/judge-identity.ts';

const stream = (name: string, guid: string, parentGuid?: string): ZfsStreamFacts => ({
  ...{ name, guid, parentGuid, createdAt: new Date(0), type: 'filesystem', features: [], flags: [] },
});
const facts = (...streams: readonly ZfsStreamFacts[]): StreamFacts => ({
  ...{ kind: 'zfs', isPackage: streams.length > 1, streams, records: 10, bytes: 1000 },
});
const said = (more: Partial<SaidIdentity> = {}): SaidIdentity => ({
  ...{ snapshot: 'b', kind: 'incremental', guid: '2', parentGuid: '1' },
  ...{ parent: { name: 'tank/a@a', guid: '1' }, ...more },
});

const messages = (seen: StreamFacts, what: SaidIdentity) =>
  judgeIdentity(seen, what).findings.map(({ message }) => message);

describe('judgeIdentity', () => {
  it('has nothing to say where all agree', () => {
    expect(judgeIdentity(facts(stream('tank/a@b', '2', '1')), said())).toEqual({
      findings: [],
      notes: [],
      guid: '2',
    });
    const full = said({ kind: 'full', parentGuid: undefined, parent: undefined });
    expect(messages(facts(stream('tank/a@b', '2')), full)).toEqual([]);
  });

  it('asks of a package the first and the last stream of its dataset', () => {
    const seen = facts(
      stream('tank/a@x', '9', '1'),
      stream('tank/a@b', '2', '9'),
      stream('tank/a/kid@x', '30', '29'),
      stream('tank/a/kid@b', '31', '30'),
    );
    expect(judgeIdentity(seen, said())).toEqual({ findings: [], notes: [], guid: '2' });
    expect(messages(seen, said({ guid: '31' }))).toHaveLength(1);
  });

  it.each<[Partial<SaidIdentity>, RegExp]>([
    [{ guid: '3' }, /guid 2, and the snapshot that was backed up has 3/],
    [{ parentGuid: '7' }, /guid 1, and was to build on 7/],
    [
      { parentGuid: undefined, parent: { name: 'tank/a@a', guid: '8' } },
      /guid 1, and tank\/a@a is the one with 8/,
    ],
    [{ kind: 'full', parent: undefined }, /said to be full/],
  ])('tells what %j contradicts, once', (more, expected) => {
    const found = messages(facts(stream('tank/a@b', '2', '1')), said(more));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it('tells a full stream that is said to be incremental', () => {
    expect(messages(facts(stream('tank/a@b', '2')), said())).toEqual([
      'it is said to be incremental, and its stream is a full one',
    ]);
  });

  it('only notes another name, and only where no guid decides', () => {
    const seen = facts(stream('old/name@was', '2', '1'));
    expect(judgeIdentity(seen, said()).notes).toEqual([]);
    const { findings, notes } = judgeIdentity(seen, said({ guid: undefined }));
    expect([findings, notes]).toEqual([[], ['its stream is of a snapshot that was called old/name@was']]);
  });

  it('says nothing of what is no ZFS stream', () => {
    expect(judgeIdentity({ kind: 'unknown', bytes: 5 }, said())).toEqual({
      findings: [],
      notes: [],
      guid: undefined,
    });
  });
});
