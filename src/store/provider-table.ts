import { PROVIDER_HOSTS, PROVIDERS, type ProviderProfile } from './providers.ts';

/** One row of the page for each field: its setting, and what a profile says in words. */
const FIELDS: ReadonlyArray<readonly [string, string, (profile: ProviderProfile) => string]> = [
  ['Smallest part', 'S3_MIN_PART_SIZE', ({ limits }) => size(limits.minPartBytes)],
  ['Largest part', 'S3_MAX_PART_SIZE', ({ limits }) => size(limits.maxPartBytes)],
  ['Parts', 'S3_MAX_PARTS', ({ limits }) => String(limits.maxParts)],
  ['Largest object', 'S3_MAX_OBJECT_SIZE', ({ limits }) => size(limits.maxObjectBytes)],
  ['Parts of one size', 'S3_EQUAL_PARTS', ({ limits }) => yes(limits.equalParts)],
  ['Parts in flight, at most', 'S3_PARTS_IN_FLIGHT', ({ limits }) => String(limits.maxPartsInFlight ?? '')],
  ['Checksum', 'S3_CHECKSUM', ({ checksum }) => `\`${checksum}\``],
  ['Unsigned bodies over https', 'S3_UNSIGNED_PAYLOAD', ({ unsignedPayload }) => yes(unsignedPayload)],
  ['ETag is the MD5', 'S3_MD5_ETAGS', ({ md5Etags }) => yes(md5Etags)],
  [
    'Obeys If-None-Match',
    'S3_CONDITIONAL_PUT',
    ({ conditionalPut }) => (conditionalPut === 'unversioned' ? conditionalPut : yes(conditionalPut)),
  ],
  ['… on Complete', 'S3_CONDITIONAL_COMPLETE', ({ conditionalComplete }) => yes(conditionalComplete)],
  ['Delete one by one', 'S3_DELETE_ONE_BY_ONE', ({ deleteOneByOne }) => yes(deleteOneByOne)],
  [
    'Days billed at least',
    'S3_MIN_BILLED_DAYS',
    ({ minBilledDays }) => (minBilledDays === 0 ? '' : String(minBilledDays)),
  ],
  ['Bucket in the path', 'FORCE_PATH_STYLE', ({ pathStyle }) => yes(pathStyle)],
  ['Region, unless the host tells', 'REGION', ({ region }) => `\`${region}\``],
];

/** The tables of `docs/providers.md`: hosts, then one column for each provider. */
export function renderProviderTables(): string {
  const profiles = Object.values(PROVIDERS);
  const hosts = PROVIDER_HOSTS.map(([name, , shown]) => [`\`${name}\``, shown]);
  const fields = FIELDS.map(([title, setting, show]) => [title, `\`${setting}\``, ...profiles.map(show)]);
  return [
    ...table(['Provider', 'Hosts'], hosts),
    '',
    ...table(['', 'Setting', ...profiles.map(({ name }) => name)], fields),
  ].join('\n');
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): readonly string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function yes(value: boolean): string {
  return value ? 'yes' : '';
}

function size(bytes: number): string {
  for (const [unit, factor] of [
    ['TiB', 1024 ** 4],
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
  ] as const) {
    if (bytes >= factor) return `${Math.round((bytes / factor) * 1000) / 1000} ${unit}`;
  }
  return `${bytes} B`;
}
