import { type ErrorCode, StoreError } from '../errors.ts';
import { wordsFor } from './operation-words.ts';
import {
  BETWEEN_STATUS,
  DAMAGED_CODES,
  DENIED_CODES,
  NEVER_ASKED_ERRNO,
  RETRYABLE_CODES,
  RETRYABLE_STATUS,
  TRANSIENT_ERRNO,
  WRONG_REGION_CODES,
} from './s3-error-codes.ts';
import {
  adviceOnDenial,
  adviceOnRefusal,
  denialOf,
  oneLine,
  silenceOf,
  wordsInAnswer,
} from './s3-error-words.ts';

export interface S3Call {
  readonly operation: string;
  readonly bucket: string;
  /** The endpoint's URL; `undefined` for AWS's own. */
  readonly endpoint: string | undefined;
  /** The profile of the shared AWS files that was asked for. */
  readonly profile?: string | undefined;
  /** The key, or the prefix of a listing. */
  readonly key: string;
  readonly partNumber?: number;
  /** The settings that go with the request and that a store may not know, such as `S3_STORAGE_CLASS=COLD`. */
  readonly asked?: readonly string[];
  /** The credentials were refused, and there are new ones: the same request may succeed. */
  readonly renewed?: boolean;
  /** The status of the answer as it came. The SDK makes 503 of an error within a 200, and of a 200 with nothing. */
  readonly answered?: number | undefined;
}

/** What an error of the SDK, of a socket or of TLS may carry. */
interface ErrorFields {
  /** Of an answer, S3's code or one that the SDK made up. */
  readonly name?: string;
  /** S3's `<Code>`, where there was one. */
  readonly Code?: unknown;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Record<string, string> };
}

interface Finding {
  readonly code: ErrorCode;
  readonly what: string;
  readonly advice?: string;
  readonly retryable: boolean;
}

const CREDENTIALS_ADVICE =
  'Set S3_KEY_ID and S3_SECRET in the configuration, or PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ' +
  'in the environment, or make ~/.aws/credentials (`aws configure`), or give the machine an instance role.';

/** Turns what the SDK threw into a `StoreError`; an abort comes out as the signal's reason. */
export function asStoreError(error: unknown, call: S3Call, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof StoreError) return error;
  const fields: ErrorFields =
    typeof error === 'object' && error !== null ? error : { message: String(error) };
  const status = statusOf(fields) === undefined ? undefined : (call.answered ?? statusOf(fields));
  const finding = status === undefined ? findWithoutAnswer(fields, call) : findInAnswer(fields, status, call);
  const { operation, key, partNumber, renewed = false } = call;
  const message = `cannot ${wordsFor(operation, partNumber)} ${nameOf(call)}: ${finding.what}`;
  return new StoreError(
    finding.code,
    message,
    {
      operation,
      key,
      partNumber,
      status,
      ...(status === undefined ? { errno: fields.code } : { storeCode: storeCodeOf(fields) }),
      requestId: fields.$metadata?.requestId,
      retryable: finding.retryable || renewed,
      retryAfterMs: retryAfterMs(fields),
      settled: status === undefined ? wasNeverAsked(fields) : isOfTheStore(fields, status),
    },
    { cause: bareCause(fields), ...(finding.advice === undefined ? {} : { advice: finding.advice }) },
  );
}

/** Without credentials or a connection. */
function wasNeverAsked({ name, code = '' }: ErrorFields): boolean {
  return name === 'CredentialsProviderError' || NEVER_ASKED_ERRNO.has(code);
}

/** Not of something between us and the store, nor of its patience. */
function isOfTheStore(fields: ErrorFields, status: number): boolean {
  return storeCodeOf(fields) !== undefined && !BETWEEN_STATUS.has(status);
}

function findInAnswer(fields: ErrorFields, status: number, call: S3Call): Finding {
  const storeCode = storeCodeOf(fields) ?? '';
  const damaged = DAMAGED_CODES.has(storeCode) && ['put', 'putPart'].includes(call.operation);
  const retryable = RETRYABLE_STATUS.has(status) || RETRYABLE_CODES.has(storeCode) || damaged;
  if (storeCode === 'NoSuchBucket') return noSuchBucket(call);
  if (storeCode === 'InvalidObjectState') {
    const advice = '`zfs3backup restore SNAPSHOT --thaw DAYS` asks the store to bring a whole chain back.';
    return { code: 'ARCHIVED', what: 'it is archived (InvalidObjectState)', advice, retryable: false };
  }
  if (DENIED_CODES.has(storeCode) || status === 401 || status === 403) {
    return {
      code: 'STORE_DENIED',
      what: denialOf(storeCode, status),
      advice: adviceOnDenial(storeCode, call.operation, call.bucket),
      retryable,
    };
  }
  if (storeCode === 'NoSuchKey' || (fields.name === 'NotFound' && status === 404)) {
    return { code: 'NO_SUCH_KEY', what: 'no such object', retryable: false };
  }
  if (status === 412) return { code: 'MISMATCH', what: 'it was replaced meanwhile (412)', retryable: false };
  if (WRONG_REGION_CODES.has(storeCode) || status === 301) {
    const advice = `Set REGION (or ENDPOINT) to the region that holds ${call.bucket}.`;
    return {
      code: 'STORE_FAILED',
      what: `wrong region: ${wordsOf(fields, status)}`,
      advice,
      retryable: false,
    };
  }
  const advice = retryable ? undefined : adviceOnRefusal(call, status, fields.message);
  return {
    code: 'STORE_FAILED',
    what: wordsOf(fields, status),
    ...(advice === undefined ? {} : { advice }),
    retryable,
  };
}

function findWithoutAnswer(fields: ErrorFields, call: S3Call): Finding {
  const { endpoint } = call;
  const where = endpoint ?? 'AWS';
  const errno = fields.code ?? '';
  if (fields.name === 'CredentialsProviderError') return noCredentials(fields, call);
  if (fields.name === 'TimeoutError' || TRANSIENT_ERRNO.has(errno)) {
    const what = `${where} ${silenceOf(fields.name, fields.code, fields.message)}`;
    const advice = `Check ENDPOINT${endpoint === undefined ? ' and REGION' : ''}, the network, and that the store runs.`;
    return { code: 'STORE_UNREACHABLE', what, advice, retryable: true };
  }
  if (/CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO_/.test(errno)) {
    const what = `the certificate of ${where} is not trusted (${errno})`;
    const advice = 'Name the file of its authority in NODE_EXTRA_CA_CERTS.';
    return { code: 'STORE_UNREACHABLE', what, advice, retryable: false };
  }
  if (errno === 'EPROTO' || errno.startsWith('HPE_') || errno.startsWith('ERR_SSL')) {
    const what = `${where} does not speak this protocol (${errno})`;
    return {
      code: 'STORE_UNREACHABLE',
      what,
      advice: 'Check http:// against https:// in ENDPOINT.',
      retryable: false,
    };
  }
  return { code: 'STORE_FAILED', what: oneLine(fields.message) || String(fields.name), retryable: false };
}

function noCredentials({ message }: ErrorFields, { profile }: S3Call): Finding {
  const said = oneLine(message);
  if (profile === undefined) {
    const what = `no usable credentials (${said})`;
    return { code: 'STORE_DENIED', what, advice: CREDENTIALS_ADVICE, retryable: false };
  }
  const what = `the profile ${profile} has no usable credentials (${said})`;
  const advice =
    `Correct PROFILE (--aws-profile), or give ~/.aws/credentials a section [${profile}], or ~/.aws/config one ` +
    `[profile ${profile}]; \`aws configure list-profiles\` shows those that there are.`;
  return { code: 'STORE_DENIED', what, advice, retryable: false };
}

export function noSuchBucketError(call: S3Call): StoreError {
  const { code, what, advice } = noSuchBucket(call);
  const { operation, key } = call;
  const failure = { operation, key, status: 404, retryable: false };
  return new StoreError(
    code,
    `cannot ${wordsFor(operation)} ${nameOf(call)}: ${what}`,
    failure,
    advice ? { advice } : {},
  );
}

function noSuchBucket({ bucket, endpoint }: S3Call): Finding {
  const what = `no such bucket: ${bucket}`;
  const advice = `Create it (aws s3 mb s3://${bucket}${endpoint ? ` --endpoint-url ${endpoint}` : ''}) or correct BUCKET.`;
  return { code: 'NO_SUCH_BUCKET', what, advice, retryable: false };
}

/** What every error of a store names. */
export function callOf({
  bucket,
  endpoint,
  profile,
}: {
  readonly bucket: string;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
}): Pick<S3Call, 'bucket' | 'endpoint' | 'profile'> {
  return { bucket, endpoint, profile };
}

/** `s3://bucket/key at http://host`. */
export function nameOf({ bucket, key, endpoint }: Pick<S3Call, 'bucket' | 'key' | 'endpoint'>): string {
  return `s3://${bucket}/${key}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}

function wordsOf(fields: ErrorFields, status: number): string {
  const storeCode = storeCodeOf(fields);
  const words = wordsInAnswer(fields.message);
  return `the store answered ${storeCode ? `${storeCode}, ` : ''}${status}${words && words !== storeCode ? `: ${words}` : ''}`;
}

function storeCodeOf({ Code }: ErrorFields): string | undefined {
  return typeof Code === 'string' && /^\S+$/.test(Code) ? Code : undefined;
}

function statusOf({ $metadata, $response }: ErrorFields): number | undefined {
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

function retryAfterMs({ $response }: ErrorFields): number | undefined {
  const seconds = Number($response?.headers?.['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** The SDK's error holds the whole request, session token included; what is kept is what may be printed. */
function bareCause({ name, message }: ErrorFields): Error {
  const cause = new Error(message);
  cause.name = name ?? 'Error';
  return cause;
}
