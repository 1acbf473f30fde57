/** Records of all kinds, for properties. */
import fc from 'fast-check';
import { backupKey } from '../../src/lineage/key.ts';
import type { BackupRecord, RecordedPart } from '../../src/lineage/record.ts';

export const RECORDS_PREFIX = 'zfs3backup-backup/';

export const namePart = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.: %+,=~-]{0,20}[A-Za-z0-9ß]$/);
export const datasetName = fc.array(namePart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

const guid = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const count = fc.maxSafeNat();
const date = fc.date({ noInvalidDate: true }).map((value) => value.toISOString());
const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const text = fc.string({ minLength: 1, maxLength: 40 }).filter((value) => /^[\x20-\x7e]+$/.test(value));
const filterName = text.filter((value) => value.trim() !== '' && value !== 'none');
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });

const part = fc.record(
  { bytes: fc.nat({ max: 2 ** 32 }), crc32: hex(8), md5: hex(32), sha256: hex(64) },
  { requiredKeys: ['bytes', 'crc32'] },
);

const parts = fc
  .array(part, { maxLength: 5 })
  .map((list): readonly RecordedPart[] => list.map((each, index) => ({ number: index + 1, ...each })));

/** Any record that `writeRecord` could write. */
export const record: fc.Arbitrary<BackupRecord> = fc
  .record({
    dataset: datasetName,
    snapshot: namePart,
    kind: fc.constantFrom('full' as const, 'incremental' as const),
    parent: orNull(namePart),
    guid: orNull(guid),
    parentGuid: orNull(guid),
    compressor: orNull(filterName),
    encryptor: orNull(filterName),
    filters: fc.array(
      fc.record(
        { name: text, version: orNull(text), keyIds: fc.array(text) },
        { requiredKeys: ['name', 'version'] },
      ),
      { maxLength: 3 },
    ),
    sendFlags: orNull(fc.array(text, { maxLength: 4 })),
    etag: orNull(text),
    estimate: orNull(count),
    streamBytes: orNull(count),
    streamCrc32: orNull(hex(8)),
    storedCrc32: orNull(hex(8)),
    partBytes: orNull(count),
    parts,
    snapshotCreatedAt: orNull(date),
    startedAt: orNull(date),
    storedAt: date,
    tool: text,
    madeBy: fc.constantFrom('upload' as const, 'reindex' as const),
  })
  .map((fields) => ({
    version: 1 as const,
    key: backupKey(RECORDS_PREFIX, fields.dataset, fields.snapshot),
    ...fields,
    ...(fields.kind === 'full' ? { parent: null, parentGuid: null } : {}),
    storedBytes: fields.parts.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
