/** Why something is stopped: an abort without a reason would tell of an interrupt that there was not. */
export function asReason(error: unknown): unknown {
  return error ?? new Error(`Something that was called threw ${error} instead of an Error`);
}
