/**
 * What is particular about a provider, as data (docs/decisions.md). Chosen from the endpoint's host; a host that
 * tells nothing is `generic`, which asks for nothing that some gateway is known to refuse.
 */
import type { StoreLimits } from './store-limits.ts';

export const PROVIDER_NAMES = [
  'aws',
  'r2',
  'b2',
  'gcs',
  'wasabi',
  'minio',
  'ceph',
  'scaleway',
  'digitalocean',
  'hetzner',
  'generic',
] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/**
 * What is sent with a body for the store to check: nothing; Content-MD5; or an `x-amz-checksum-*` that it also keeps:
 * the CRC-32 of the whole object, the CRC-32s of the parts, or the SHA-256s of the parts.
 */
export const CHECKSUM_MODES = ['none', 'md5', 'crc32', 'crc32-parts', 'sha256-parts'] as const;
export type ChecksumMode = (typeof CHECKSUM_MODES)[number];

export const OBJECT_LOCK_MODES = ['GOVERNANCE', 'COMPLIANCE'] as const;

/** How long objects cannot be deleted, from when each is created. */
export interface ObjectLock {
  readonly mode: (typeof OBJECT_LOCK_MODES)[number];
  readonly days: number;
}

export interface ProviderProfile {
  readonly name: ProviderName;
  readonly limits: StoreLimits;
  /** What requests are signed for when neither the user nor the host names a region. */
  readonly region: string;
  readonly checksum: ChecksumMode;
  /** Bucket in the path instead of in the host name. */
  readonly pathStyle: boolean;
  /** Over https a body may be sent without its SHA-256 in the signature. */
  readonly unsignedPayload: boolean;
  /** The ETag of an object stored by one PUT is known to be its MD5, unless a key of the user's encrypts it. */
  readonly md5Etags: boolean;
  /** `If-None-Match: *` on a PUT is obeyed; `unversioned`: but not in a bucket that keeps versions. */
  readonly conditionalPut: boolean | 'unversioned';
  /** … and on completing an upload. */
  readonly conditionalComplete: boolean;
  /** Bulk deletion cannot be relied on. */
  readonly deleteOneByOne: boolean;
  /** Objects deleted earlier are billed for this many days. */
  readonly minBilledDays: number;
}

/** What to assume different from a profile. */
export interface ProviderOverrides extends Partial<Omit<ProviderProfile, 'name' | 'limits'>> {
  readonly limits?: Partial<StoreLimits> | undefined;
}

/** What differs from the profile that the name or else the endpoint's host tells. */
export interface ProviderSettings extends ProviderOverrides {
  readonly name?: ProviderName | undefined;
}

export type ProviderChoice = ProviderName | ProviderSettings;

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

const S3_LIMITS: StoreLimits = {
  minPartBytes: 5 * MIB,
  maxPartBytes: 5 * GIB,
  maxParts: 10_000,
  maxObjectBytes: 5 * TIB,
  equalParts: false,
  maxPartsInFlight: undefined,
};

const GENERIC: ProviderProfile = {
  name: 'generic',
  limits: S3_LIMITS,
  region: 'us-east-1',
  checksum: 'none',
  pathStyle: true,
  unsignedPayload: true,
  md5Etags: false,
  conditionalPut: false,
  conditionalComplete: false,
  deleteOneByOne: false,
  minBilledDays: 0,
};

const withLimits = (limits: Partial<StoreLimits>): StoreLimits => ({ ...S3_LIMITS, ...limits });

export const PROVIDERS: Readonly<Record<ProviderName, ProviderProfile>> = {
  generic: GENERIC,
  aws: {
    ...GENERIC,
    name: 'aws',
    md5Etags: true,
    checksum: 'crc32',
    limits: withLimits({ maxObjectBytes: 10_000 * 5 * GIB }),
    pathStyle: false,
    conditionalPut: true,
    conditionalComplete: true,
  },
  r2: {
    ...GENERIC,
    name: 'r2',
    md5Etags: true,
    limits: withLimits({
      maxPartBytes: Math.floor(4.995 * GIB),
      maxObjectBytes: Math.floor(4.995 * TIB),
      equalParts: true,
      maxPartsInFlight: 2,
    }),
    region: 'auto',
    conditionalPut: true,
    conditionalComplete: true,
  },
  b2: {
    ...GENERIC,
    name: 'b2',
    md5Etags: true,
    limits: withLimits({ maxObjectBytes: 10e12 }),
    unsignedPayload: false,
  },
  gcs: { ...GENERIC, name: 'gcs', md5Etags: true, region: 'auto', deleteOneByOne: true },
  wasabi: { ...GENERIC, name: 'wasabi', md5Etags: true, minBilledDays: 90 },
  minio: {
    ...GENERIC,
    name: 'minio',
    md5Etags: true,
    limits: withLimits({ maxObjectBytes: 10_000 * 5 * GIB }),
  },
  ceph: { ...GENERIC, name: 'ceph', md5Etags: true, conditionalPut: 'unversioned' },
  scaleway: {
    ...GENERIC,
    name: 'scaleway',
    md5Etags: true,
    limits: withLimits({ maxParts: 1000, maxObjectBytes: 1000 * 5 * GIB }),
    region: 'fr-par',
  },
  digitalocean: { ...GENERIC, name: 'digitalocean' },
  hetzner: { ...GENERIC, name: 'hetzner' },
};

/** Hosts by which a provider is known, and how to write them; a group `region` is the region to sign for. */
export const PROVIDER_HOSTS: ReadonlyArray<readonly [ProviderName, RegExp, string]> = [
  [
    'aws',
    /(?:[.-](?<region>[a-z]{2}(?:-[a-z]+)+-\d)(?:\.vpce)?)?\.amazonaws\.com(?:\.cn)?$/,
    '`*.amazonaws.com`, `*.amazonaws.com.cn`',
  ],
  ['r2', /\.r2\.cloudflarestorage\.com$/, '`*.r2.cloudflarestorage.com`'],
  ['b2', /(?:^|\.)s3\.(?<region>[a-z0-9-]+)\.backblazeb2\.com$/, '`s3.REGION.backblazeb2.com`'],
  ['gcs', /(?:^|\.)storage\.googleapis\.com$/, '`storage.googleapis.com`'],
  ['wasabi', /(?:^|\.)s3(?:\.(?<region>[a-z0-9-]+))?\.wasabisys\.com$/, '`s3.REGION.wasabisys.com`'],
  ['scaleway', /(?:^|\.)s3\.(?<region>[a-z0-9-]+)\.scw\.cloud$/, '`s3.REGION.scw.cloud`'],
  [
    'digitalocean',
    /(?:^|\.)(?<region>[a-z0-9]+)\.digitaloceanspaces\.com$/,
    '`REGION.digitaloceanspaces.com`',
  ],
  ['hetzner', /(?:^|\.)(?<region>[a-z0-9]+)\.your-objectstorage\.com$/, '`REGION.your-objectstorage.com`'],
];

/** The profile for an endpoint: a URL, or `undefined` for AWS's own. */
export function providerFor(endpoint: string | undefined): ProviderProfile {
  if (endpoint === undefined) return PROVIDERS.aws;
  const host = hostOf(endpoint);
  for (const [name, pattern] of PROVIDER_HOSTS) {
    const match = pattern.exec(host);
    if (match === null) continue;
    const { region } = match.groups ?? {};
    return region === undefined ? PROVIDERS[name] : { ...PROVIDERS[name], region };
  }
  return GENERIC;
}

/** The profile to work with. A named one keeps the region that the endpoint's host tells. */
export function chooseProvider(endpoint: string | undefined, choice: ProviderChoice = {}): ProviderProfile {
  const { name, limits, ...fields } = typeof choice === 'string' ? { name: choice } : choice;
  const told = providerFor(endpoint);
  const profile = name === undefined || name === told.name ? told : PROVIDERS[name];
  return { ...profile, ...fields, limits: { ...profile.limits, ...limits } };
}

function hostOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).hostname.toLowerCase() : '';
}

/** The mode for a store: a bucket with Object Lock takes no body without a digest, and S3 Express no digest of a whole. */
export function checksumMode(
  mode: ChecksumMode,
  { bucket, locked }: { readonly bucket: string; readonly locked: boolean },
): ChecksumMode {
  if (mode === 'none' && locked) return 'md5';
  if (mode === 'crc32' && bucket.endsWith('--x-s3')) return 'crc32-parts';
  return mode;
}
