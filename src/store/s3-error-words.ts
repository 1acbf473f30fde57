/** What a person reads about a failed request; pure. */

export function denialOf(storeCode: string, status: number): string {
  switch (storeCode) {
    case 'InvalidAccessKeyId':
      return 'the store does not know the access key (InvalidAccessKeyId)';
    case 'SignatureDoesNotMatch':
      return 'the secret key does not fit the access key (SignatureDoesNotMatch)';
    case 'ExpiredToken':
    case 'TokenRefreshRequired':
      return `the credentials have expired (${storeCode})`;
    case 'RequestTimeTooSkewed':
      return 'the clock of this machine is more than 15 minutes off (RequestTimeTooSkewed)';
    case '':
      return `access denied (${status})`;
    case 'AccessDenied':
      // 200 alone would not look like a refusal
      return status < 300 ? `access denied (AccessDenied, ${status})` : `access denied (${status})`;
    default:
      return `access denied (${storeCode}, ${status})`;
  }
}

export function adviceOnDenial(storeCode: string, operation: string, bucket: string): string {
  switch (storeCode) {
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return 'Check S3_KEY_ID and S3_SECRET (or PROFILE), and that they belong to this endpoint.';
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'TokenRefreshRequired':
      return 'Renew them, for instance with `aws sso login`.';
    case 'RequestTimeTooSkewed':
      return 'Set the clock: timedatectl set-ntp true';
    default:
      return `Check that these credentials may ${ACTIONS[operation] ?? operation} in ${bucket}.${lockedOrNot(operation)}`;
  }
}

/** The same answer comes where a lock forbids it to everybody. */
function lockedOrNot(operation: string): string {
  if (operation !== 'remove') return '';
  return ' If they may, Object Lock or a rule of the bucket keeps the object until its retention ends: `aws s3api get-object-retention` tells when.';
}

/** For a request that the store does not want as it is. */
export function adviceOnRefusal(
  { operation, asked = [] }: { readonly operation: string; readonly asked?: readonly string[] },
  status: number,
  message = '',
): string | undefined {
  if (/content-md5|x-amz-checksum/i.test(message)) {
    return 'The bucket takes no body without a digest: set S3_CHECKSUM=md5.';
  }
  if (asked.length > 0 && [400, 405, 501].includes(status)) {
    return `Perhaps this store or bucket does not have what was asked for: ${asked.join(', ')}. Correct it or leave it out.`;
  }
  if (status === 400 && (operation === 'head' || operation === 'get')) {
    return 'If it is encrypted with a key of your own, S3_SSE_C_KEY_FILE must name the file of that very key.';
  }
  return undefined;
}

/** What a policy calls the permission that an operation needs. */
const ACTIONS: Readonly<Record<string, string>> = {
  list: 'list (s3:ListBucket)',
  head: 'read and list (s3:GetObject, s3:ListBucket)',
  get: 'read (s3:GetObject)',
  put: 'write (s3:PutObject)',
  startUpload: 'write (s3:PutObject)',
  putPart: 'write (s3:PutObject)',
  complete: 'write (s3:PutObject)',
  abort: 'drop uploads (s3:AbortMultipartUpload)',
  listParts: 'list parts (s3:ListMultipartUploadParts)',
  openUploads: 'list uploads (s3:ListBucketMultipartUploads)',
  remove: 'delete (s3:DeleteObject)',
  thaw: 'bring archived objects back (s3:RestoreObject)',
  readVersioning: 'ask for versioning (s3:GetBucketVersioning)',
  listDeleted: 'list versions (s3:ListBucketVersions)',
  undelete: 'remove delete markers (s3:DeleteObjectVersion)',
  lock: 'lock (s3:PutObjectRetention)',
  tag: 'tag (s3:PutObjectTagging)',
};

/** For a store that gave no answer. */
export function silenceOf(name = '', code = '', message = ''): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refuses connections (ECONNREFUSED)';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `cannot be found by name (${code})`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return `closed the connection (${code})`;
    case 'ERR_BODY_LENGTH':
      return `sent a body of another length than its range has (${oneLine(message)})`;
    default:
      return name === 'TimeoutError'
        ? `does not answer (${oneLine(message)})`
        : `cannot be reached (${code})`;
  }
}

/** What an answer said, also where the SDK has its own words for one that is none of S3. */
export function wordsInAnswer(message = ''): string {
  const words = oneLine(message)
    .replace(/ ?Deserialization error: to see the raw response.*$/, '')
    .replace(/\.$/, '');
  if (words === 'UnknownError') return '';
  if (words === 'S3 aborted request') return 'nothing in it';
  return words.replace(/^@aws-sdk XML parse error: /, 'no XML that could be read, ');
}

export function oneLine(text = ''): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
