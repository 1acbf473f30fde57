/** What the codes of stores, sockets and TLS mean; pure. */

/** With these the same request may succeed whatever the code; of an error within a 200 only the code tells. */
export const RETRYABLE_STATUS = new Set([408, 429, 500, 502, 503, 504]);
export const RETRYABLE_CODES = new Set([
  // Somebody else wrote to the key at that moment.
  'ConditionalRequestConflict',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  // The SDK has learnt the store's time from this answer, so the next request is signed with it.
  'RequestTimeTooSkewed',
  'ServiceUnavailable',
  'SlowDown',
  // MinIO's, when too few of its drives answer.
  'SlowDownRead',
  'SlowDownWrite',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
]);
/** The body was damaged on its way, which its digest showed. */
export const DAMAGED_CODES = new Set([
  'BadDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]);
export const DENIED_CODES = new Set([
  'AccessDenied',
  'AccountProblem',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);
export const WRONG_REGION_CODES = new Set([
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'PermanentRedirect',
  'Redirect',
]);
export const TRANSIENT_ERRNO = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_BODY_LENGTH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);
/** Without a connection nothing was asked, so nothing can have happened. */
export const NEVER_ASKED_ERRNO = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);
/** Of a gateway that lost patience with the store, or of a store that lost it with us: it may be at work still. */
export const BETWEEN_STATUS = new Set([408, 499, 502, 504]);
