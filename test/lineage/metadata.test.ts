import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBackup, encodeMetadata, type MetadataFacts } from '../../src/lineage/metadata.ts';

const PREFIX = 'p/';
const KEY = 'p/tank/a@b';

const full: MetadataFacts = {
  key: KEY,
  kind: 'full',
  parent: undefined,
  compressor: 'zstd',
  estimate: 1234,
  guid: '18446744073709551615',
  parentGuid: undefined,
};
const incremental: MetadataFacts = { ...full, kind: 'incremental', parent: 'tank/a@a', parentGuid: '7' };

function decode(metadata: Record<string, string>, key = KEY) {
  return decodeBackup(PREFIX, {
    key,
    bytes: 10,
    etag: 'e',
    modifiedAt: new Date(0),
    storageClass: undefined,
    metadata,
  });
}

describe('encodeMetadata', () => {
  it('writes the words that z3 reads, and the guids', () => {
    expect(encodeMetadata(full)).toEqual({
      isfull: 'true',
      size: '1234',
      compressor: 'zstd',
      guid: '18446744073709551615',
    });
    expect(encodeMetadata(incremental)).toEqual({
      parent: 'tank/a@a',
      size: '1234',
      compressor: 'zstd',
      guid: '18446744073709551615',
      'parent-guid': '7',
    });
  });

  it('leaves out what is not known, and the compressor none', () => {
    const least = { ...full, estimate: undefined, guid: undefined };
    expect(encodeMetadata({ ...least, compressor: undefined })).toEqual({ isfull: 'true' });
    expect(encodeMetadata({ ...least, compressor: 'none' })).toEqual({ isfull: 'true' });
  });

  it.each<[string, MetadataFacts]>([
    ['a parent that is no snapshot', { ...incremental, parent: 'tank/a' }],
    ['an incremental without a parent', { ...incremental, parent: undefined }],
    ['a parent that is not ASCII', { ...incremental, parent: 'tank/ä@a' }],
    ['a parent with a line break', { ...incremental, parent: 'tank/a@a\nisfull: true' }],
    ['a parent that ends in a space', { ...incremental, parent: 'tank/a@a ' }],
    ['a compressor that is not ASCII', { ...full, compressor: 'zstd–19' }],
    ['an empty compressor', { ...full, compressor: '' }],
    ['a guid that is no number', { ...full, guid: '5.96E' }],
    ['a parent guid that is no number', { ...incremental, parentGuid: '-1' }],
    [
      'more than a store takes',
      { ...incremental, parent: `tank/a@${'x'.repeat(1000)}`, key: 'k'.repeat(1000) },
    ],
    ['a long key', { ...full, key: 'ü'.repeat(990) }],
  ])('refuses %s', (_, facts) => {
    expect(() => encodeMetadata(facts)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('comes back as it was', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.:%+-]{1,30}$/).filter((text) => !/^\.\.?$/.test(text));
    const facts = fc.record({
      kind: fc.constantFrom('full' as const, 'incremental' as const),
      parent: name,
      compressor: fc.option(fc.constantFrom('zstd', 'gzip', 'pigz1', 'my filter'), { nil: undefined }),
      estimate: fc.option(fc.maxSafeNat(), { nil: undefined }),
      guid: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), { nil: undefined }),
      parentGuid: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), { nil: undefined }),
    });
    fc.assert(
      fc.property(facts, ({ parent, ...rest }) => {
        const isFull = rest.kind === 'full';
        const metadata = encodeMetadata({
          key: KEY,
          parent: isFull ? undefined : `tank/a@${parent}`,
          ...rest,
        });
        expect(decode(metadata)).toMatchObject({
          ...rest,
          dataset: 'tank/a',
          snapshot: 'b',
          parent: isFull ? undefined : parent,
          parentGuid: isFull ? undefined : rest.parentGuid,
        });
        for (const key of Object.keys(metadata)) expect(key).toMatch(/^[a-z0-9-]+$/);
      }),
    );
  });
});

describe('decodeBackup', () => {
  it('tells what the object tells', () => {
    expect(
      decodeBackup(PREFIX, {
        key: KEY,
        bytes: 42,
        etag: 'etag-2',
        modifiedAt: new Date(5000),
        storageClass: 'GLACIER',
        metadata: { parent: 'tank/a@a', size: '99', compressor: 'pigz1' },
      }),
    ).toEqual({
      key: KEY,
      dataset: 'tank/a',
      snapshot: 'b',
      kind: 'incremental',
      parent: 'a',
      compressor: 'pigz1',
      estimate: 99,
      storedBytes: 42,
      etag: 'etag-2',
      storedAt: new Date(5000),
      storageClass: 'GLACIER',
      guid: undefined,
      parentGuid: undefined,
    });
  });

  it.each<[string, Record<string, string>, object]>([
    ['isfull', { isfull: 'true' }, { kind: 'full', parent: undefined }],
    ['is_full', { is_full: 'true' }, { kind: 'full' }],
    ['either', { isfull: 'false', is_full: 'true' }, { kind: 'full' }],
    [
      'isfull=false with parent',
      { isfull: 'false', parent: 'tank/a@a' },
      { kind: 'incremental', parent: 'a' },
    ],
    ['isfull=false alone', { isfull: 'false' }, { kind: 'incremental', parent: undefined }],
    ['nothing', {}, { kind: 'incremental', parent: undefined }],
    ['full with a parent', { isfull: 'true', parent: 'tank/a@a' }, { kind: 'full', parent: undefined }],
    ['full with a parent guid', { isfull: 'true', 'parent-guid': '7' }, { parentGuid: undefined }],
    ['capitals in the keys', { Isfull: 'true', Compressor: 'gzip' }, { kind: 'full', compressor: 'gzip' }],
    ['a parent elsewhere', { parent: 'tank/ab@a' }, { parent: 'tank/ab@a' }],
    ['a parent without dataset', { parent: 'a' }, { parent: undefined }],
    ['a hostile parent', { parent: 'tank/a@\u001b[2J' }, { parent: undefined }],
    ['no compressor', {}, { compressor: undefined }],
    ['compressor none', { compressor: 'none' }, { compressor: undefined }],
    ['an empty compressor', { compressor: '' }, { compressor: undefined }],
    ['a hostile compressor', { compressor: 'x\u001b[2J' }, { compressor: 'x?[2J' }],
    ['a size', { size: '123' }, { estimate: 123 }],
    ['a size of nonsense', { size: '1.5G' }, { estimate: undefined }],
    ['a negative size', { size: '-1' }, { estimate: undefined }],
    ['a size beyond all', { size: '99999999999999999999' }, { estimate: undefined }],
    ['a guid of nonsense', { guid: '5.96E' }, { guid: undefined }],
    ['a guid that a number cannot hold', { guid: '18446744073709551615' }, { guid: '18446744073709551615' }],
  ])('reads %s', (_, metadata, expected) => {
    expect(decode(metadata)).toMatchObject(expected);
  });

  it('passes over what is no backup', () => {
    expect(decode({ isfull: 'true' }, 'p/readme.txt')).toBeUndefined();
    expect(decode({ isfull: 'true' }, 'elsewhere/tank/a@b')).toBeUndefined();
  });

  it('never throws', () => {
    const text = fc.string({ unit: 'binary' });
    const key = fc.oneof(
      fc.constantFrom(
        'isfull',
        'is_full',
        'parent',
        'size',
        'compressor',
        'guid',
        'parent-guid',
        '__proto__',
      ),
      text,
    );
    fc.assert(
      fc.property(fc.dictionary(key, text), text, (metadata, name) => {
        expect(decode(metadata)).toBeDefined();
        decode(metadata, `${PREFIX}${name}`);
      }),
    );
  });
});
