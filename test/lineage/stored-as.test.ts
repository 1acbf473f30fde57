import { describe, expect, it } from 'vitest';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { findStoredAs, sayStoredAs } from '../../src/lineage/stored-as.ts';
import { parseBackup, parseSnapshot } from './situation.ts';

const lineages = [
  ['tank/a', ['tank/a@s,1(full)', 'tank/a@t,2<tank/a@s,1', 'tank/a@u,3<tank/a@t,2']],
  ['tank/b', ['tank/b@s,1(full)']],
  ['tank/c', ['tank/c@s,77(full)', 'tank/c@x(full)']],
] as const;
const stored = lineages.map(([dataset, words]) => buildLineage(dataset, words.map(parseBackup)));
const local = (words: string) => words.split(' ').map(parseSnapshot);

describe('findStoredAs', () => {
  it('tells datasets that have backups of the same snapshots, the nearest first', () => {
    expect(findStoredAs('tank/new', local('@renamed,1 @t,2 @later,9'), stored)).toEqual([
      { dataset: 'tank/a', snapshot: 't' },
      { dataset: 'tank/b', snapshot: 's' },
    ]);
  });

  it('goes by the guid, never by a name', () => {
    expect(findStoredAs('tank/new', local('@s,5 @x,6'), stored)).toEqual([]);
  });

  it('leaves the dataset itself out', () => {
    expect(findStoredAs('tank/a', local('@s,1'), stored)).toEqual([{ dataset: 'tank/b', snapshot: 's' }]);
  });
});

it('sayStoredAs names both and the way back', () => {
  const [sentence] = sayStoredAs('tank/new', [{ dataset: 'tank/a', snapshot: 't' }]);
  expect(sentence).toMatch(/as tank\/a \(up to t\): tank\/new was renamed.*rename it back/);
  expect(sayStoredAs('tank/new', [])).toEqual([]);
});
