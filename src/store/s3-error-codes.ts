/** What the codes of stores, sockets and TLS mean; pure. */

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
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);
