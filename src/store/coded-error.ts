/** Errors as Node's own network code makes them. */

export function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

export function timeoutError(message: string): Error {
  return Object.assign(coded('ETIMEDOUT', message), { name: 'TimeoutError' });
}

/** A body that ended well, and is shorter or longer than what the answer said. */
export function wrongLength(came: number, announced: number): Error {
  return coded('ERR_BODY_LENGTH', `${came} bytes or more came of ${announced}`);
}
