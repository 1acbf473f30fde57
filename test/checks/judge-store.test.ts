import { describe, expect, it } from 'vitest';
import { judgeStore } from '../../src/checks/judge-store.ts';
import type { Refusal, Right, StoreFacts } from '../../src/store/store-facts.ts';
import { complaints, say } from './say.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const PLACE = { url: 's3://b', prefix: 'z/' };
const MIN = 60_000;

const denied: Refusal = { code: 'STORE_DENIED', message: 'access denied', advice: 'Ask.' };
const RIGHTS: readonly Right[] = [
  'list',
  'list uploads',
  'start upload',
  'store part',
  'list parts',
  'drop upload',
  'read records',
];

/** A bucket that nothing is to be said of, but for what is given. */
function bucket({
  without = [],
  ...facts
}: Partial<StoreFacts> & { without?: readonly Right[] } = {}): StoreFacts {
  const rights = Object.fromEntries(RIGHTS.map((right) => [right, without.includes(right) ? denied : 'ok']));
  return {
    isPrivate: true,
    credentials: { accessKeyId: 'KEY', from: 'S3_KEY_ID', expiresAt: undefined },
    versioning: 'on',
    lifecycle: [{ prefix: '', partial: false, dropsUploadsAfterDays: 7 }],
    objectLock: 'off',
    ...facts,
    rights: { ...rights, ...facts.rights },
  };
}

const told = (facts: StoreFacts) => complaints(judgeStore(PLACE, facts, NOW));

describe('a bucket', () => {
  it('that is fine', () => {
    expect(say(judgeStore(PLACE, bucket({ region: 'eu-central-1', clockAheadMs: -800 }), NOW))).toEqual([
      'ok store: s3://b (eu-central-1) is there and can be listed',
      'ok store: the access key is KEY, from S3_KEY_ID',
      "ok store: the clock of this machine agrees with the store's",
      'ok permissions: backups can be stored, gone on with and looked at',
      'ok bucket: versions are kept: what is overwritten or deleted can be brought back',
      'ok bucket: open uploads are dropped after 7 days',
    ]);
  });

  it('that cannot be reached is told once, and nothing is guessed of its rules', () => {
    const refusal: Refusal = { code: 'NO_SUCH_BUCKET', message: 'no such bucket', advice: 'Create it.' };
    expect(told({ rights: { list: refusal } })).toEqual(['problem store: no such bucket > Create it.']);
  });

  it.each<[string, StoreFacts, RegExp]>([
    ['plain http', bucket({ isPrivate: false }), /^note store: .* plain http/],
    [
      '16 minutes ahead',
      bucket({ clockAheadMs: 16 * MIN }),
      /^problem store: .* 16 min ahead of the store's/,
    ],
    [
      '16 minutes behind',
      bucket({ clockAheadMs: -16 * MIN }),
      /^problem store: .* 16 min behind the store's/,
    ],
    ['5 minutes ahead', bucket({ clockAheadMs: 5 * MIN }), /^warning store: .* 5 min ahead/],
    ['no versions', bucket({ versioning: 'off' }), /^note bucket: versions are not kept: /],
    ['versions no more', bucket({ versioning: 'suspended' }), /^note bucket: versions are not kept any more/],
    ['versions unknown', bucket({ versioning: undefined }), /^note bucket: .* cannot be read/],
    ['rules unknown', bucket({ lifecycle: undefined }), /^note bucket: its lifecycle rules cannot be read/],
    ['a full disk', bucket({ freeBytes: 1024 ** 2 }), /^warning store: 1 MiB are free/],
    ['a folder for all', bucket({ openTo: 'writers' }), /^warning store: other users/],
    ['a probe that stays', bucket({ leftBehind: { key: 'k', uploadId: 'u' } }), /^note .* upload u of k/],
    ['reading', bucket({ rights: { 'read backups': 'ok' } }), /^note permissions: .* can read backups/],
    ['deleting', bucket({ rights: { 'remove backups': 'ok' } }), /^note permissions: .* can delete backups/],
    ['notes stay', bucket({ rights: { 'remove notes': denied } }), /^note permissions: notes of uploads/],
    [
      'no listing of uploads',
      bucket({ without: ['list uploads'] }),
      /^warning .*s3:ListBucketMultipartUploads/,
    ],
    ['no dropping', bucket({ without: ['drop upload'] }), /^warning .*s3:AbortMultipartUpload/],
    ['no records', bucket({ without: ['read records'] }), /^warning .*s3:GetObject below \.records/],
    ['no writing', bucket({ without: ['start upload'] }), /^problem permissions: access denied > Ask\.$/],
  ])('with %s', (_, facts, expected) => {
    const findings = told(facts);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(expected);
  });

  it('whose session ends within the hour', () => {
    const expiresAt = new Date(NOW.getTime() + 20 * MIN);
    const credentials = { accessKeyId: 'KEY', from: 'a login', expiresAt };
    expect(told(bucket({ credentials }))).toEqual([
      'note store: the access key is KEY, from a login, valid until 2026-11-21T12:20:00.000Z',
    ]);
  });

  it('that asks where it may not list goes on with what else there is', () => {
    const facts = bucket({ without: ['list'] });
    expect(told(facts)).toEqual(['problem store: access denied > Ask.']);
  });
});

describe('lifecycle rules', () => {
  const abort = { prefix: '', partial: false, dropsUploadsAfterDays: 7 };
  it.each<[string, NonNullable<StoreFacts['lifecycle']>, readonly RegExp[]]>([
    ['none', [], [/^note .*no rule .*drops uploads/]],
    ['of another prefix', [abort, { prefix: 'other/', partial: false, expiresAfterDays: 1 }], []],
    [
      'that eats backups',
      [abort, { prefix: '', partial: false, expiresAfterDays: 30 }],
      [/^warning .*deletes objects of the bucket after 30 days/],
    ],
    [
      'that eats some',
      [abort, { prefix: 'z/tank', partial: true, expiresAfterDays: 0 }],
      [/^warning .*deletes some objects below z\/tank on a fixed date/],
    ],
    [
      'to the cold',
      [abort, { prefix: 'z/', partial: false, movesTo: { storageClass: 'DEEP_ARCHIVE', days: 9 } }],
      [/^note .*DEEP_ARCHIVE after 9 days.*thaw/],
    ],
    [
      'to the cool',
      [abort, { prefix: 'z/', partial: false, movesTo: { storageClass: 'STANDARD_IA', days: 9 } }],
      [],
    ],
    [
      'that drops uploads at once',
      [{ ...abort, dropsUploadsAfterDays: 1 }],
      [/^warning .*after 1 day, also those/],
    ],
  ])('%s', (_, lifecycle, expected) => {
    const findings = told(bucket({ lifecycle }));
    expect(findings).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(findings[at]).toMatch(pattern);
  });
});

describe('Object Lock', () => {
  it.each<[StoreFacts['objectLock'], RegExp]>([
    [{ mode: 'COMPLIANCE', days: 30 }, /keeps each object for 30 days \(COMPLIANCE\)/],
    [{ mode: undefined, days: undefined }, /locks only what asks for it/],
  ])('%o is told', (objectLock, expected) => {
    expect(say(judgeStore(PLACE, bucket({ objectLock }), NOW)).at(-1)).toMatch(expected);
  });
});
