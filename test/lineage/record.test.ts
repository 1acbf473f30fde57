import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../../src/lineage/decode-record.ts';
import { encodeRecord } from '../../src/lineage/encode-record.ts';
import type { BackupRecord } from '../../src/lineage/record.ts';
import { checkSchema } from './check-schema.ts';
import { record } from './records.ts';

const schema = JSON.parse(readFileSync('docs/record.schema.json', 'utf8'));

const [sample] = fc.sample(record, { numRuns: 1, seed: 5 }) as [BackupRecord];
const withFields = (fields: object) => Buffer.from(JSON.stringify({ ...sample, ...fields }));

describe('a record', () => {
  it('comes back as it was written, and is as docs/record.schema.json says', () => {
    fc.assert(
      fc.property(record, (written) => {
        const body = encodeRecord(written);
        expect(decodeRecord(body)).toEqual(written);
        expect(checkSchema(schema, JSON.parse(Buffer.from(body).toString()))).toEqual([]);
      }),
    );
  });

  it('has the fields of the schema and no others', () => {
    expect(Object.keys(sample).sort()).toEqual(Object.keys(schema.properties).sort());
    expect([...schema.required].sort()).toEqual(Object.keys(sample).sort());
  });

  it.each([
    ['of another version', { version: 2 }],
    ['without a key', { key: null }],
    ['of a name that is none', { dataset: 'tank/..' }],
    ['of a key that is another', { key: 'x/tank@other' }],
    ['of no kind', { kind: 'differential' }],
    ['without its size', { storedBytes: undefined }],
    ['without a time', { storedAt: 'yesterday' }],
    ['of parts with a secret', { parts: [{ number: 1, bytes: 1, crc32: '00000000', password: 'x' }] }],
  ])('%s is not as the schema says', (_, fields) => {
    expect(checkSchema(schema, JSON.parse(withFields(fields).toString()))).toHaveLength(
      ('key' in fields && fields.key !== null) || 'dataset' in fields ? 0 : 1,
    );
  });
});

describe('a record that somebody else wrote', () => {
  it.each([
    ['of a newer version', { version: 2 }],
    ['without a key', { key: undefined }],
    ['of a name that is none', { dataset: 'tank/..' }],
    ['of a key that is another', { key: 'x/tank@other' }],
    ['of no kind', { kind: 'differential' }],
    ['without its size', { storedBytes: undefined }],
    ['of a negative size', { storedBytes: -1 }],
    ['without a time', { storedAt: 'yesterday' }],
  ])('%s is none', (_, fields) => {
    expect(decodeRecord(withFields(fields))).toBeUndefined();
  });

  it('and was torn anywhere is none', () => {
    const body = encodeRecord(sample);
    fc.assert(
      fc.property(fc.nat({ max: body.byteLength - 3 }), (length) => {
        expect(decodeRecord(body.subarray(0, length))).toBeUndefined();
      }),
    );
  });

  it('never throws, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(sample), 'more'), fc.jsonValue()),
        (fields) => {
          const read = decodeRecord(withFields(fields));
          if (read) expect(Object.keys(read)).toEqual(Object.keys(decodeRecord(withFields({})) ?? {}));
        },
      ),
      { numRuns: 500 },
    );
    expect(decodeRecord(Buffer.from([0xff, 0xfe]))).toBeUndefined();
    expect(decodeRecord(Buffer.alloc(9 * 1024 ** 2, 0x20))).toBeUndefined();
  });

  it('loses what nobody knows, and what is missing is null', () => {
    const { key, dataset, snapshot, kind, storedBytes, storedAt } = sample;
    const least = { version: 1, key, dataset, snapshot, kind, storedBytes, storedAt, more: 'x' };
    expect(decodeRecord(Buffer.from(JSON.stringify(least)))).toEqual({
      version: 1,
      ...{ key, dataset, snapshot, kind, storedBytes, storedAt },
      ...{ parent: null, guid: null, parentGuid: null, compressor: null, encryptor: null },
      ...{ filters: [], sendFlags: null, etag: null, estimate: null },
      ...{ streamBytes: null, streamCrc32: null, storedCrc32: null, partBytes: null, parts: [] },
      ...{ snapshotCreatedAt: null, startedAt: null, tool: '', madeBy: 'reindex' },
    });
  });

  it.each([
    ['do not begin with the first', [{ number: 2, bytes: 5, crc32: '00000000' }]],
    ['do not add up', [{ number: 1, bytes: 4, crc32: '00000000' }]],
    ['have a digest of another length', [{ number: 1, bytes: 5, crc32: '0' }]],
    ['are none', 'x'],
  ])('has no parts where they %s', (_, parts) => {
    expect(decodeRecord(withFields({ storedBytes: 5, parts }))?.parts).toEqual([]);
  });
});
