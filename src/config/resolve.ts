import type { ConfigProblem } from '../errors.ts';
import { chooseProvider, type ObjectLock, PROVIDERS, type ProviderSettings } from '../store/providers.ts';
import { sayPartSize, usable } from '../transfer/part-size.ts';
import type { Config, Credentials, StoreLocation } from './config.ts';
import { type Find, findIn, type Layers } from './find-setting.ts';
import type { Given } from './layers.ts';
import type { ValueOf } from './parse-value.ts';
import { resolveEncryption, resolveEncryptor } from './resolve-encryption.ts';
import type { SCHEMA, SettingKey } from './schema.ts';

/** Reports a contradiction with what `key` says, unless that could not be read anyway. */
type Contradict = (key: SettingKey, where: string, message: string) => void;
/** Settings that always have a value. */
type Settled = {
  [K in SettingKey]: (typeof SCHEMA)[K] extends { readonly default: string } ? K : never;
}[SettingKey];

/** The settings as they hold for `dataset` (by default the chosen one), and what contradicts itself in them. */
export function resolveConfig(
  layers: Layers,
  dataset?: string,
): { readonly config: Config; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const contradict: Contradict = (key, where, message) => {
    if (!layers.broken.has(key)) problems.push({ where, message });
  };
  const chosen = dataset ?? findIn(layers, undefined)('FILESYSTEM')?.value;
  const find = findIn(layers, chosen);
  const settled = <K extends Settled>(key: K) => (find(key) as Given<ValueOf<K>>).value;
  const compressor = settled('COMPRESSOR');
  const store = resolveStore(find, contradict);
  const config: Config = {
    store,
    dataset: chosen,
    snapshotPrefix: settled('SNAPSHOT_PREFIX'),
    sendFlags: find('SEND_FLAGS')?.value ?? [],
    raw: settled('RAW'),
    bookmarks: settled('BOOKMARKS'),
    holds: settled('HOLDS'),
    compressor: compressor.toLowerCase() === 'none' ? 'none' : compressor,
    compressors: layers.file.compressors,
    keep: find('KEEP')?.value,
    encryptor: resolveEncryptor(find),
    encryption: resolveEncryption(find, layers.file),
    endpoint: settled('ENDPOINT').url,
    provider: resolveProvider(find),
    region: find('REGION')?.value,
    forcePathStyle: find('FORCE_PATH_STYLE')?.value,
    credentials: resolveCredentials(find, contradict),
    profile: find('PROFILE')?.value,
    storageClass: find('S3_STORAGE_CLASS')?.value,
    sse: find('S3_SSE')?.value,
    sseKmsKeyId: resolveKmsKey(find, contradict),
    acl: find('S3_ACL')?.value,
    sseCKeyFile: resolveSseCKeyFile(find, contradict),
    tags: find('S3_TAGS')?.value,
    objectLock: resolveObjectLock(find, contradict),
    chunkSize: resolveChunkSize(find, store, contradict),
    concurrency: find('CONCURRENCY')?.value,
    maxMemory: settled('MAX_MEMORY'),
    maxRetries: settled('MAX_RETRIES'),
    bytesPerSecond: find('BWLIMIT')?.value,
    expect: settled('EXPECT'),
    inspect: settled('INSPECT'),
    progress: settled('PROGRESS'),
    progressInterval: find('PROGRESS_INTERVAL')?.value,
    logLevel: settled('LOG_LEVEL'),
    logFormat: settled('LOG_FORMAT'),
    quiet: settled('QUIET'),
  };
  return { config, problems };
}

/** STORE or BUCKET, whichever stands in the higher layer; in the same layer they must agree. */
function resolveStore(find: Find, contradict: Contradict): StoreLocation | undefined {
  const store = find('STORE');
  const bucket = find('BUCKET');
  const prefix = find('S3_PREFIX');
  const keyPrefix = prefix?.value ?? '';
  const agree = store?.value.kind === 's3' && store.value.bucket === bucket?.value;
  if (store !== undefined && bucket !== undefined && store.rank === bucket.rank && !agree) {
    contradict('STORE', bucket.where, `BUCKET contradicts STORE (${store.where}): keep one of them`);
  }
  if (bucket !== undefined && !agree && (store === undefined || bucket.rank > store.rank)) {
    return { kind: 's3', bucket: bucket.value, prefix: keyPrefix };
  }
  if (store === undefined) return undefined;
  if (store.value.kind === 'directory') return { ...store.value, prefix: keyPrefix };
  const own = store.value.prefix;
  if (own === undefined || prefix === undefined || prefix.rank > store.rank) {
    return { ...store.value, prefix: keyPrefix };
  }
  if (prefix.rank === store.rank && prefix.value !== own) {
    const message = `S3_PREFIX contradicts the path of STORE (${store.where}): keep one of them`;
    contradict('STORE', prefix.where, message);
  }
  return { ...store.value, prefix: own };
}

function resolveCredentials(find: Find, contradict: Contradict): Credentials | undefined {
  const id = find('S3_KEY_ID');
  const secret = find('S3_SECRET');
  if (id !== undefined && secret !== undefined) {
    const credentials = { accessKeyId: id.value, secretAccessKey: secret.value };
    return Object.defineProperty(credentials, 'toJSON', {
      value: () => ({ accessKeyId: id.value, secretAccessKey: '(hidden)' }),
    });
  }
  if (id !== undefined) {
    contradict('S3_SECRET', id.where, 'S3_KEY_ID is set, but S3_SECRET is not: both are needed');
  }
  if (secret !== undefined) {
    contradict('S3_KEY_ID', secret.where, 'S3_SECRET is set, but S3_KEY_ID is not: both are needed');
  }
  return undefined;
}

function resolveKmsKey(find: Find, contradict: Contradict): string | undefined {
  const key = find('S3_SSE_KMS_KEY_ID');
  const sse = find('S3_SSE');
  if (key !== undefined && (sse === undefined || sse.value === 'AES256')) {
    contradict('S3_SSE', key.where, 'S3_SSE_KMS_KEY_ID needs S3_SSE=aws:kms');
  }
  return key?.value;
}

function resolveSseCKeyFile(find: Find, contradict: Contradict): string | undefined {
  const file = find('S3_SSE_C_KEY_FILE');
  const sse = find('S3_SSE');
  if (file !== undefined && sse !== undefined) {
    const message = `S3_SSE_C_KEY_FILE and S3_SSE (${sse.where}) exclude each other: keep one of them`;
    contradict('S3_SSE', file.where, message);
  }
  return file?.value;
}

/** What the store would refuse is told here, where it is known who said it. */
function resolveChunkSize(
  find: Find,
  store: StoreLocation | undefined,
  contradict: Contradict,
): number | undefined {
  const size = find('CHUNK_SIZE');
  if (size === undefined || store === undefined) return size?.value;
  const { limits } =
    store.kind === 'directory'
      ? PROVIDERS.generic
      : chooseProvider(find('ENDPOINT')?.value.url, resolveProvider(find));
  const problem = sayPartSize(size.value, usable(limits));
  if (problem !== undefined) contradict('STORE', size.where, `CHUNK_SIZE: ${problem}`);
  return size.value;
}

/** Only what was said: the rest is the provider's. */
function resolveProvider(find: Find): ProviderSettings {
  const said = {
    name: find('PROVIDER')?.value,
    checksum: find('S3_CHECKSUM')?.value,
    unsignedPayload: find('S3_UNSIGNED_PAYLOAD')?.value,
    md5Etags: find('S3_MD5_ETAGS')?.value,
    conditionalPut: find('S3_CONDITIONAL_PUT')?.value,
    conditionalComplete: find('S3_CONDITIONAL_COMPLETE')?.value,
    deleteOneByOne: find('S3_DELETE_ONE_BY_ONE')?.value,
    minBilledDays: find('S3_MIN_BILLED_DAYS')?.value,
  };
  const limits = {
    maxParts: find('S3_MAX_PARTS')?.value,
    minPartBytes: find('S3_MIN_PART_SIZE')?.value,
    maxPartBytes: find('S3_MAX_PART_SIZE')?.value,
    maxObjectBytes: find('S3_MAX_OBJECT_SIZE')?.value,
    equalParts: find('S3_EQUAL_PARTS')?.value,
    maxPartsInFlight: find('S3_PARTS_IN_FLIGHT')?.value,
  };
  return { ...present(said), limits: present(limits) };
}

function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function resolveObjectLock(find: Find, contradict: Contradict): ObjectLock | undefined {
  const mode = find('S3_OBJECT_LOCK_MODE');
  const days = find('S3_RETAIN_DAYS');
  if (mode !== undefined && days !== undefined) return { mode: mode.value, days: days.value };
  if (mode !== undefined) {
    contradict('S3_RETAIN_DAYS', mode.where, 'S3_OBJECT_LOCK_MODE needs S3_RETAIN_DAYS beside it');
  }
  if (days !== undefined) {
    contradict('S3_OBJECT_LOCK_MODE', days.where, 'S3_RETAIN_DAYS needs S3_OBJECT_LOCK_MODE beside it');
  }
  return undefined;
}
