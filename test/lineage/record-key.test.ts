import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backupKey } from '../../src/lineage/key.ts';
import type { RecordFacts } from '../../src/lineage/record-facts.ts';
import { backupOfFacts, parseRecordKey, recordKey, recordsPrefix } from '../../src/lineage/record-key.ts';
import { RECORDS_PREFIX as PREFIX, record } from './records.ts';

const NONE: RecordFacts = {
  kind: 'full',
  parent: null,
  guid: null,
  parentGuid: null,
  compressor: null,
  encryptor: null,
  estimate: null,
  streamBytes: null,
  storedBytes: 7,
  etag: null,
  snapshotCreatedAt: null,
  sendFlags: null,
};
const NAME = { dataset: 'tank/a', snapshot: 'b' };
const FOLDER = `${PREFIX}.records/tank/a@b/`;

const bytesOf = (text: string) => Buffer.byteLength(text);

function factsOf(key: string | undefined): RecordFacts | undefined {
  return key === undefined ? undefined : parseRecordKey(PREFIX, key)?.facts;
}

describe('keys of records', () => {
  it('can be read by a person', () => {
    const facts: RecordFacts = {
      ...NONE,
      kind: 'incremental',
      parent: 'daily:2026-11-20 x',
      guid: '18446744073709551615',
      parentGuid: '17',
      compressor: 'zstd',
      estimate: 9,
      streamBytes: 10,
      storedBytes: 11,
      etag: '0123456789abcdef0123456789abcdef-12',
      snapshotCreatedAt: '2026-11-21T00:00:00.000Z',
      sendFlags: ['-w', '-L'],
    };
    expect(recordKey(PREFIX, NAME, facts)).toBe(
      `${FOLDER}1,i,g18446744073709551615,b17,s10,t11,m9,d1795219200000,e0123456789abcdef0123456789abcdef-12,czstd,w_-w_-L,pdaily:2026-11-20%20x`,
    );
  });

  it('come back as what they were made of, whatever the names', () => {
    fc.assert(
      fc.property(record, (written) => {
        const key = recordKey(PREFIX, written, written);
        expect(key).toBeDefined();
        const read = parseRecordKey(PREFIX, key ?? '');
        expect(read).toMatchObject({ key, dataset: written.dataset, snapshot: written.snapshot });
        expect(read?.facts).toEqual(
          Object.fromEntries(Object.keys(NONE).map((name) => [name, written[name as keyof RecordFacts]])),
        );
      }),
    );
  });

  it('are never longer than a store allows, and say where they tell nothing', () => {
    fc.assert(
      fc.property(record, fc.nat({ max: 1010 }), (written, length) => {
        const snapshot = 'x'.repeat(length + 1);
        const key = recordKey(PREFIX, { dataset: 'tank', snapshot }, written);
        if (bytesOf(`${PREFIX}.records/tank@${snapshot}/1,o`) > 1024) {
          expect(key).toBeUndefined();
          return;
        }
        expect(bytesOf(key ?? '')).toBeLessThanOrEqual(1024);
        const read = parseRecordKey(PREFIX, key ?? '');
        expect(read?.snapshot).toBe(snapshot);
        if (read?.facts === undefined) expect(key).toBe(`${PREFIX}.records/tank@${snapshot}/1,o`);
      }),
    );
  });

  it('of one dataset are listed without those of another whose name begins alike', () => {
    const key = recordKey(PREFIX, NAME, NONE) ?? '';
    expect(key.startsWith(recordsPrefix(PREFIX, 'tank/a'))).toBe(true);
    expect(key.startsWith(recordsPrefix(PREFIX, 'tank'))).toBe(false);
    expect(key.startsWith(recordsPrefix(PREFIX))).toBe(true);
  });

  it('tell flags that were not given from flags that nobody knows', () => {
    expect(factsOf(recordKey(PREFIX, NAME, { ...NONE, sendFlags: [] }))?.sendFlags).toEqual([]);
    expect(factsOf(recordKey(PREFIX, NAME, { ...NONE, sendFlags: [''] }))?.sendFlags).toEqual(['']);
    expect(factsOf(recordKey(PREFIX, NAME, NONE))?.sendFlags).toBeNull();
  });

  it('make the backup that planning works with', () => {
    const at = parseRecordKey(PREFIX, recordKey(PREFIX, NAME, { ...NONE, guid: '5', streamBytes: 9 }) ?? '');
    const object = {
      key: backupKey(PREFIX, NAME.dataset, NAME.snapshot),
      storedBytes: 7,
      etag: 'e',
      storedAt: new Date(0),
      storageClass: 'GLACIER',
    };
    expect(at?.facts && backupOfFacts(at, at.facts, object)).toEqual({
      ...object,
      ...NAME,
      kind: 'full',
      parent: undefined,
      compressor: undefined,
      encryptor: undefined,
      estimate: undefined,
      guid: '5',
      parentGuid: undefined,
      recordKey: at?.key,
      staleRecordKey: undefined,
      streamBytes: 9,
      sendFlags: undefined,
      snapshotCreatedAt: undefined,
    });
  });
});

describe('keys of records that are foreign or hostile', () => {
  it.each([
    '.records/',
    '.records/tank/a@b',
    '.records/tank/a@b/',
    '.records//1,f,t1',
    '.records/tank/a/1,f,t1',
    '.records/../etc@b/1,f,t1',
    '.records/-rf@b/1,f,t1',
    '.records/.x@b/1,f,t1',
    '.records/tank@b/c/1,f,t1',
    '.records/tank@b\n/1,f,t1',
    '.records/tank@b@c/1,f,t1',
    '.recordsX/tank@b/1,f,t1',
    'tank@b/1,f,t1',
    `.records/tank@b/${'1'.repeat(1024)}`,
  ])('%j is no record', (rest) => {
    expect(parseRecordKey(PREFIX, PREFIX + rest)).toBeUndefined();
  });

  it.each([
    ['a version that is none', '0,f,t1'],
    ['a version without anything', '2'],
    ['no kind', '1,t1'],
    ['no stored bytes', '1,f'],
    ['a field twice', '1,f,t1,t2'],
    ['a size that is none', '1,f,t-1'],
    ['a size beyond numbers', '1,f,t99999999999999999'],
    ['a guid that is none', '1,f,t1,g1x'],
    ['a full with a parent', '1,f,t1,pa'],
    ['a parent that is a path', '1,i,t1,p..%2Fx'],
    ['a parent that is this dataset by its whole name', '1,i,t1,ptank%2Fa%40x'],
    ['a control character', '1,i,t1,pa%0Ab'],
    ['a compressor that is no word', '1,f,t1,c%1B%5B31m'],
    ['no compressor said by its name', '1,f,t1,cnone'],
    ['an escape cut short', '1,f,t1,e%4'],
    ['an escape in small letters', '1,f,t1,e%4a'],
    ['no UTF-8', '1,f,t1,e%FF'],
    ['signs that are not escaped', '1,f,t1,ea b'],
    ['a date beyond time', '1,f,t1,d9999999999999999'],
    ['flags without their sign', '1,f,t1,w-w'],
    ['a flag with a line break', '1,f,t1,w_a%0A'],
  ])('%s is no record', (_, element) => {
    expect(parseRecordKey(PREFIX, FOLDER + element)).toBeUndefined();
  });

  it.each([
    ['a newer version', '2,f,t1'],
    ['no facts', '1,o'],
  ])('%s leaves it to the object', (_, element) => {
    expect(parseRecordKey(PREFIX, FOLDER + element)).toEqual({
      ...NAME,
      key: FOLDER + element,
      facts: undefined,
    });
  });

  it('may have fields that nobody knows yet', () => {
    expect(factsOf(`${FOLDER}1,f,t1,zmore,Z%0A`)).toEqual({ ...NONE, storedBytes: 1 });
  });

  it('never throw, and never yield what could do harm', () => {
    const piece = fc.constantFrom(
      '1',
      'f',
      'i',
      'o',
      ',',
      't1',
      'p',
      'c',
      'w_',
      '%2F',
      '..',
      '%0A',
      '%',
      'e',
      'g',
      '\n',
      'x',
    );
    const element = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(element, (rest) => {
        const facts = factsOf(FOLDER + rest);
        if (!facts) return;
        const { parent, compressor, encryptor, etag, sendFlags, storedBytes } = facts;
        for (const text of [parent, compressor, encryptor, etag, ...(sendFlags ?? [])]) {
          expect(text ?? '').not.toMatch(/\p{C}/u);
        }
        expect(parent ?? '').not.toMatch(/(^|\/)\.\.(\/|$)/);
        expect(Number.isSafeInteger(storedBytes)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
