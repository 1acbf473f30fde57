import type { Refusal, Right, StoreFacts, Trial } from '../store/store-facts.ts';
import { type Finding, note, ok, problem, warning } from './finding.ts';
import { judgeRules } from './judge-rules.ts';

const MINUTE_MS = 60_000;
/** Beyond it S3 refuses a request. */
const MAX_SKEW_MS = 15 * MINUTE_MS;
const TOLD_SKEW_MS = MINUTE_MS;
const EXPIRES_SOON_MS = 60 * MINUTE_MS;
const FEW_BYTES = 1024 ** 3;

/** What a backup cannot do without. */
const NEEDED: readonly Right[] = ['start upload', 'store part'];

/** What it can, and what is lost then. */
const USEFUL: ReadonlyArray<readonly [Right, string, string]> = [
  [
    'list uploads',
    'uploads that were cut short are neither found nor gone on with',
    's3:ListBucketMultipartUploads',
  ],
  ['list parts', 'an upload that was cut short cannot be gone on with', 's3:ListMultipartUploadParts'],
  ['drop upload', 'an upload that fails stays open, and costs money', 's3:AbortMultipartUpload'],
  [
    'read records',
    'records and notes beside the backups cannot be read: nothing can be gone on with',
    's3:GetObject below .records/ and .uploads/',
  ],
];

/** Whether backups can be stored there, and what should be known of the place. */
export function judgeStore(
  { url, prefix }: { readonly url: string; readonly prefix: string },
  facts: StoreFacts,
  now: Date,
): readonly Finding[] {
  const { rights } = facts;
  const reached = rights.list ?? 'ok';
  return [
    ...judgeReach(url, reached, facts),
    ...judgeCredentials(facts, now),
    ...judgeClock(facts),
    ...judgeRights(rights),
    ...(reached === 'ok' ? judgeRules(facts, prefix) : []),
    ...judgeFolder(facts),
    ...judgeLeftBehind(facts),
  ];
}

function judgeReach(store: string, list: Trial, { isPrivate, region }: StoreFacts): readonly Finding[] {
  if (list !== 'ok') return [problem('store', list)];
  const where = region === undefined ? '' : ` (${region})`;
  const open =
    'it is reached over plain http: who is between can read what is not encrypted before it is sent';
  return [
    ok('store', `${store}${where} is there and can be listed`),
    ...(isPrivate === false ? [note('store', open, 'Use an https:// ENDPOINT.')] : []),
  ];
}

function judgeCredentials({ credentials }: StoreFacts, now: Date): readonly Finding[] {
  if (credentials === undefined) return [];
  const { accessKeyId, from, expiresAt } = credentials;
  const left = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt.getTime() - now.getTime();
  const until = expiresAt === undefined ? '' : `, valid until ${expiresAt.toISOString()}`;
  const what = `the access key is ${accessKeyId}, from ${from}${until}`;
  return [left < EXPIRES_SOON_MS ? note('store', what) : ok('store', what)];
}

function judgeClock({ clockAheadMs }: StoreFacts): readonly Finding[] {
  if (clockAheadMs === undefined) return [];
  const off = Math.abs(clockAheadMs);
  const minutes = `${Math.round(off / MINUTE_MS)} min ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the store's`;
  const todo = 'Set the clock: timedatectl set-ntp true';
  if (off > MAX_SKEW_MS) {
    const message = `the clock of this machine is ${minutes}; beyond 15 min requests are refused`;
    return [problem('store', { code: 'STORE_DENIED', message, advice: todo })];
  }
  if (off > TOLD_SKEW_MS) return [warning('store', `the clock of this machine is ${minutes}`, todo)];
  return [ok('store', "the clock of this machine agrees with the store's")];
}

function judgeRights(rights: StoreFacts['rights']): readonly Finding[] {
  const refused = (right: Right): Refusal | undefined => {
    const trial = rights[right];
    return trial === 'ok' ? undefined : trial;
  };
  const needed = NEEDED.flatMap((right) => refused(right) ?? []).map((refusal) =>
    problem('permissions', refusal),
  );
  const useful = USEFUL.flatMap(([right, loss, action]) =>
    refused(right)
      ? [warning('permissions', loss, `Allow ${action}, as docs/policies/backup.json does.`)]
      : [],
  );
  const all = [...NEEDED, ...USEFUL.map(([right]) => right)];
  const fine = needed.length + useful.length === 0 && all.some((right) => rights[right] === 'ok');
  const can = 'backups can be stored, gone on with and looked at';
  return [...(fine ? [ok('permissions', can)] : []), ...needed, ...useful, ...judgeMore(rights)];
}

/** What a machine that only backs up should not be able to do. */
function judgeMore(rights: StoreFacts['rights']): readonly Finding[] {
  const findings: Finding[] = [];
  if (rights['read backups'] !== undefined) {
    findings.push(
      rights['read backups'] === 'ok'
        ? note('permissions', 'these credentials can read backups, so they can restore, too')
        : ok('permissions', 'these credentials cannot read backups: restoring takes others'),
    );
  }
  if (rights['remove backups'] === 'ok') {
    const what = 'these credentials can delete backups, and so can who steals them';
    findings.push(note('permissions', what, 'docs/security.md shows how a machine can do without.'));
  }
  if (rights['remove notes'] !== undefined && rights['remove notes'] !== 'ok') {
    const what = 'notes of uploads that are done cannot be removed, and stay';
    findings.push(note('permissions', what, 'Allow s3:DeleteObject below .uploads/.'));
  }
  return findings;
}

function judgeFolder({ freeBytes, openTo }: StoreFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (freeBytes !== undefined) {
    const what = `${Math.floor(freeBytes / 1024 ** 2)} MiB are free there`;
    findings.push(
      freeBytes < FEW_BYTES ? warning('store', what, 'Free space, or prune.') : ok('store', what),
    );
  }
  if (openTo === 'writers') {
    const what = 'other users of this machine can write into the folder, and so delete backups';
    findings.push(warning('store', what, 'chmod go-w it.'));
  }
  return findings;
}

function judgeLeftBehind({ leftBehind }: StoreFacts): readonly Finding[] {
  if (leftBehind === undefined) return [];
  const { key, uploadId } = leftBehind;
  return [note('permissions', `a probe could not be dropped: the open upload ${uploadId} of ${key}`)];
}
