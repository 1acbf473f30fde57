/**
 * Every setting, once: its key in a file, its flag, its environment names, its type, default and help. The
 * command line, `sample.conf` and `docs/configuration.md` are made from this table; nothing repeats it.
 */

import { OBJECT_LOCK_MODES, PROVIDER_NAMES } from '../store/providers.ts';
import { PROVIDER_SETTINGS } from './provider-settings.ts';
import type { Schema, Setting } from './setting.ts';

export type { Schema, Setting, SettingType } from './setting.ts';

/** The predecessors read their keys bare from the environment; a prefixed name wins over those. */
function inherited(key: string): readonly string[] {
  return [`ZFS3BACKUP_${key}`, key];
}

/** Newer keys are words that other programs may use too, so only the prefixed name is read. */
function own(key: string): readonly string[] {
  return [`ZFS3BACKUP_${key}`];
}

const WHERE = 'Where backups are stored';
const WHAT = 'What is backed up';
const SERVER = 'The S3 server';
const CREDENTIALS = 'Credentials';
const OBJECTS = 'How objects are stored';
const TRANSFER = 'The transfer';
const OUTPUT = 'What a person sees';

export const SCHEMA = {
  STORE: {
    type: 'store',
    property: 'store',
    group: WHERE,
    help: 'The store, as s3://bucket/prefix or file:///path.',
    without: 'BUCKET and S3_PREFIX are used',
    example: 's3://my-bucket/zfs3backup-backup/',
    flag: 'store',
    global: true,
    environment: own('STORE'),
  },
  BUCKET: {
    type: 'bucket',
    property: 'store',
    group: WHERE,
    help: 'The bucket; the older way to say STORE=s3://bucket.',
    without: 'STORE is used',
    example: 'my-bucket',
    flag: 'bucket',
    global: true,
    environment: inherited('BUCKET'),
  },
  S3_PREFIX: {
    type: 'prefix',
    property: 'store',
    group: WHERE,
    help: 'What the keys of backups start with; / is the root of the bucket.',
    default: 'zfs3backup-backup/',
    flag: 's3-prefix',
    global: true,
    environment: inherited('S3_PREFIX'),
    empty: 'refused',
  },
  FILESYSTEM: {
    type: 'dataset',
    property: 'dataset',
    group: WHAT,
    help: 'The dataset to work on.',
    without: 'commands that need one ask for it',
    example: 'tank/data',
    flag: 'dataset',
    aliases: ['filesystem'],
    global: true,
    environment: inherited('FILESYSTEM'),
  },
  SNAPSHOT_PREFIX: {
    type: 'string',
    property: 'snapshotPrefix',
    group: WHAT,
    help: 'Only snapshots whose name starts with this are backed up; empty means all of them.',
    default: 'zfs-auto-snap:daily',
    flag: 'snapshot-prefix',
    global: true,
    environment: inherited('SNAPSHOT_PREFIX'),
    perDataset: true,
    empty: 'value',
  },
  SEND_FLAGS: {
    type: 'argv',
    property: 'sendFlags',
    group: WHAT,
    help: 'Further flags for `zfs send`, such as -c -L -e.',
    without: 'none',
    example: '-c -L -e',
    flag: 'send-flags',
    environment: own('SEND_FLAGS'),
    perDataset: true,
    empty: 'value',
  },
  COMPRESSOR: {
    type: 'string',
    property: 'compressor',
    group: WHAT,
    help: 'What backups are compressed with: none, zstd, gzip, pigz1, pigz4 or the NAME of a [compressor:NAME] section.',
    default: 'zstd',
    flag: 'compressor',
    environment: inherited('COMPRESSOR'),
    perDataset: true,
  },
  ENDPOINT: {
    type: 'endpoint',
    property: 'endpoint',
    group: SERVER,
    help: 'The server: aws, or the URL of any other one.',
    default: 'aws',
    flag: 'endpoint',
    global: true,
    environment: inherited('ENDPOINT'),
    lastEnvironment: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  },
  PROVIDER: {
    type: 'choice',
    property: 'provider',
    group: SERVER,
    help: 'Whose server it is, which tells its limits and habits.',
    without: "told by the endpoint's host, else generic",
    example: 'minio',
    flag: 'provider',
    global: true,
    environment: own('PROVIDER'),
    choices: PROVIDER_NAMES,
  },
  REGION: {
    type: 'string',
    property: 'region',
    group: SERVER,
    help: 'The region that requests are signed for.',
    without: "the profile's, or AWS_REGION",
    example: 'eu-central-1',
    flag: 'region',
    global: true,
    environment: inherited('REGION'),
  },
  FORCE_PATH_STYLE: {
    type: 'boolean',
    property: 'forcePathStyle',
    group: SERVER,
    help: 'Put the bucket into the path of a request, not into its host name.',
    without: "as the provider wants it: true but for AWS's own servers",
    example: 'true',
    flag: 'force-path-style',
    environment: own('FORCE_PATH_STYLE'),
  },
  ...PROVIDER_SETTINGS,
  PROFILE: {
    type: 'string',
    property: 'profile',
    group: CREDENTIALS,
    help: 'The profile of ~/.aws/config and ~/.aws/credentials, used when S3_KEY_ID is not set.',
    without: 'what the AWS SDK finds: environment, shared files, SSO, container, instance',
    example: 'backup',
    flag: 'aws-profile',
    global: true,
    environment: inherited('PROFILE'),
  },
  S3_KEY_ID: {
    type: 'string',
    property: 'credentials',
    group: CREDENTIALS,
    help: 'The access key; needs S3_SECRET beside it.',
    without: 'PROFILE is used',
    example: 'AKIDEXAMPLE',
    environment: inherited('S3_KEY_ID'),
  },
  S3_SECRET: {
    type: 'string',
    property: 'credentials',
    group: CREDENTIALS,
    help: 'The secret key; a file that holds it should be readable by its owner only.',
    without: 'PROFILE is used',
    example: 'SECRETEXAMPLE',
    environment: inherited('S3_SECRET'),
    secret: true,
  },
  S3_STORAGE_CLASS: {
    type: 'string',
    property: 'storageClass',
    group: OBJECTS,
    help: 'The storage class of backups.',
    without: 'not sent, the bucket decides',
    example: 'STANDARD_IA',
    flag: 'storage-class',
    environment: inherited('S3_STORAGE_CLASS'),
    perDataset: true,
  },
  S3_SSE: {
    type: 'choice',
    property: 'sse',
    group: OBJECTS,
    help: 'Encryption at the server.',
    without: 'not sent, the bucket decides',
    example: 'aws:kms',
    flag: 'sse',
    environment: own('S3_SSE'),
    choices: ['AES256', 'aws:kms', 'aws:kms:dsse'],
  },
  S3_SSE_KMS_KEY_ID: {
    type: 'string',
    property: 'sseKmsKeyId',
    group: OBJECTS,
    help: 'The KMS key for S3_SSE=aws:kms.',
    without: "not sent, the account's own key is used",
    example: 'alias/backup',
    flag: 'sse-kms-key-id',
    environment: own('S3_SSE_KMS_KEY_ID'),
  },
  S3_ACL: {
    type: 'choice',
    property: 'acl',
    group: OBJECTS,
    help: 'The canned ACL of stored objects.',
    without: 'not sent',
    example: 'bucket-owner-full-control',
    flag: 'acl',
    environment: own('S3_ACL'),
    choices: [
      'private',
      'public-read',
      'public-read-write',
      'authenticated-read',
      'aws-exec-read',
      'bucket-owner-read',
      'bucket-owner-full-control',
    ],
  },
  S3_SSE_C_KEY_FILE: {
    type: 'string',
    property: 'sseCKeyFile',
    group: OBJECTS,
    help: 'A file with a key of your own that the server encrypts with (SSE-C): 32 bytes, raw or in base64; without it nothing can be read back.',
    without: 'no such encryption',
    example: '/etc/zfs3backup/sse-c.key',
    environment: own('S3_SSE_C_KEY_FILE'),
  },
  S3_TAGS: {
    type: 'tags',
    property: 'tags',
    group: OBJECTS,
    help: 'Tags of stored objects, as name=value,name=value.',
    without: 'not sent',
    example: 'purpose=backup,team=storage',
    environment: own('S3_TAGS'),
  },
  S3_OBJECT_LOCK_MODE: {
    type: 'choice',
    property: 'objectLock',
    group: OBJECTS,
    help: 'Object Lock of stored objects, in a bucket that was created with it; needs S3_RETAIN_DAYS beside it.',
    without: "not sent, the bucket's own rule holds",
    example: 'GOVERNANCE',
    environment: own('S3_OBJECT_LOCK_MODE'),
    choices: OBJECT_LOCK_MODES,
  },
  S3_RETAIN_DAYS: {
    type: 'integer',
    property: 'objectLock',
    group: OBJECTS,
    help: 'For how many days from its creation an object is locked; COMPLIANCE cannot be taken back by anybody.',
    without: 'S3_OBJECT_LOCK_MODE is not used',
    example: '30',
    environment: own('S3_RETAIN_DAYS'),
    min: 1,
    max: 36_500,
  },
  CHUNK_SIZE: {
    type: 'size',
    property: 'chunkSize',
    group: TRANSFER,
    help: 'The size of the first parts of an upload, such as 5M, 1.5G or 64MiB (all binary); later ones grow if they must.',
    without: 'chosen from the estimate of the stream',
    example: '16M',
    flag: 'chunk-size',
    environment: inherited('CHUNK_SIZE'),
    min: 1,
  },
  CONCURRENCY: {
    type: 'integer',
    property: 'concurrency',
    group: TRANSFER,
    help: 'How many parts are in flight at most; fewer when MAX_MEMORY does not hold them.',
    without: 'chosen from the part size: 8 at 5M, 4 from 16M',
    example: '4',
    flag: 'concurrency',
    environment: inherited('CONCURRENCY'),
    min: 1,
    max: 1000,
  },
  MAX_MEMORY: {
    type: 'size',
    property: 'maxMemory',
    group: TRANSFER,
    help: 'The memory for part buffers, in flight or being filled; part sizes are chosen to fit it.',
    default: '256M',
    flag: 'max-memory',
    environment: own('MAX_MEMORY'),
    min: 1,
  },
  MAX_RETRIES: {
    type: 'integer',
    property: 'maxRetries',
    group: TRANSFER,
    help: 'How often a request that failed is tried again.',
    default: '10',
    flag: 'max-retries',
    environment: inherited('MAX_RETRIES'),
    min: 0,
    max: 1000,
  },
  BWLIMIT: {
    type: 'rate',
    property: 'bytesPerSecond',
    group: TRANSFER,
    help: 'How many bytes are sent and received in a second, both together, such as 10M (10 MiB/s).',
    without: 'as fast as it goes',
    example: '10M',
    flag: 'bwlimit',
    environment: own('BWLIMIT'),
    min: 1024,
  },
  PROGRESS: {
    type: 'choice',
    property: 'progress',
    group: OUTPUT,
    help: 'How progress is shown on stderr: a line for people, JSON for programs (docs/json.md), or not at all.',
    default: 'text',
    flag: 'progress',
    environment: own('PROGRESS'),
    choices: ['text', 'json', 'none'],
    bare: 'text',
  },
  PROGRESS_INTERVAL: {
    type: 'duration',
    property: 'progressInterval',
    group: OUTPUT,
    help: 'Seconds between two lines of progress (or 5m, 1h); on a terminal one line is rewritten all the time.',
    without: '30, with PROGRESS=json 1',
    example: '60',
    flag: 'progress-interval',
    environment: own('PROGRESS_INTERVAL'),
    min: 0.1,
    max: 86_400,
  },
  LOG_LEVEL: {
    type: 'choice',
    property: 'logLevel',
    group: OUTPUT,
    help: 'The least important message that is still logged (to stderr).',
    default: 'info',
    flag: 'log-level',
    global: true,
    environment: own('LOG_LEVEL'),
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  },
  LOG_FORMAT: {
    type: 'choice',
    property: 'logFormat',
    group: OUTPUT,
    help: 'Log lines for people or for programs.',
    default: 'pretty',
    flag: 'log-format',
    global: true,
    environment: own('LOG_FORMAT'),
    choices: ['pretty', 'json'],
  },
  QUIET: {
    type: 'boolean',
    property: 'quiet',
    group: OUTPUT,
    help: 'Say nothing of what goes well; warnings, errors, status, JSON and the line of pput remain.',
    default: 'false',
    flag: 'quiet',
    global: true,
    environment: own('QUIET'),
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SCHEMA;

/** Compressors that need no section; a section may not take their names. */
export const BUILT_IN_COMPRESSORS: readonly string[] = [
  'none',
  'zstd',
  'gzip',
  'pigz1',
  'pigz4',
  'zstd3',
  'pbzip2',
];

/** Where a file is looked for when none was named: ours first, then the predecessors'. */
export const CONFIG_FILES: readonly string[] = [
  '/etc/zfs3backup/zfs3backup.conf',
  '/etc/zfs3backup_backup/zfs3backup.conf',
  '/etc/z3_backup/z3.conf',
];

/** A setting as an option of the command line. */
export interface Flag {
  readonly key: string;
  /** Without the dashes. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: 'string' | 'boolean';
  readonly help: string;
  readonly choices: readonly string[] | undefined;
  /** The choice that it stands for when no choice follows it. */
  readonly bare: string | undefined;
  /** What holds without it, as text; never handed to the parser, for the file comes in between. */
  readonly fallback: string | undefined;
  readonly global: boolean;
}

/** All settings that have a flag, in the order of the schema. */
export function flagsOf(schema: Schema = SCHEMA): readonly Flag[] {
  return Object.entries(schema).flatMap(([key, setting]) =>
    setting.flag === undefined
      ? []
      : [
          {
            key,
            name: setting.flag,
            aliases: setting.aliases ?? [],
            type: setting.type === 'boolean' ? 'boolean' : 'string',
            help: setting.help,
            choices: setting.choices,
            bare: setting.bare,
            fallback: setting.default ?? setting.without,
            global: setting.global === true,
          } satisfies Flag,
        ],
  );
}
