import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodeRecord } from '../../src/lineage/decode-record.ts';
import { encodeRecord } from '../../src/lineage/encode-record.ts';
import { parseRecordKey, recordKey } from '../../src/lineage/record-key.ts';
import { readTables } from '../cli/docs-tables.ts';
import { RECORDS_PREFIX as PREFIX } from './records.ts';

const page = readFileSync(new URL('../../docs/records.md', import.meta.url), 'utf8');
const key = page.match(/^ {4}(zfs3backup-backup\/\.records\/.*)$/m)?.[1] ?? '';
const body = page.match(/```json\n([\s\S]*?)```/)?.[1] ?? '';

it('the key of docs/records.md has each letter of its table, and is read as it is written', () => {
  const [table] = readTables('records.md');
  const parsed = parseRecordKey(PREFIX, key);
  if (!parsed?.facts) throw new Error('not a key of a record');
  expect(recordKey(PREFIX, parsed, parsed.facts)).toBe(key);
  const letters = key
    .split('/')
    .at(-1)
    ?.split(',')
    .slice(2)
    .map((field) => field[0]);
  const rows = table?.rows.map(([letter]) => letter) ?? [];
  // An encryptor is all that the example does without.
  expect(rows).toEqual(letters?.toSpliced(rows.indexOf('x'), 0, 'x'));
});

it('the record of docs/records.md is what is written, and belongs to the key', () => {
  const record = decodeRecord(Buffer.from(body));
  if (!record) throw new Error('not a record');
  expect(Buffer.from(encodeRecord(record)).toString()).toBe(body);
  expect(recordKey(PREFIX, record, record)).toBe(key);
});
