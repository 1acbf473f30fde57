import { Zfs3BackupError } from '../errors.ts';

/** A stream does not serve to go on with an interrupted receive; nothing of it was handed to the receiver. */
export class NotContinuableError extends Zfs3BackupError {
  override readonly name = 'NotContinuableError';
  readonly reason: string;

  constructor(reason: string) {
    super('TARGET_CONFLICT', `The interrupted receive cannot be gone on with from this stream: ${reason}`, {
      advice: 'Add --abort-partial to drop what arrived, and start that step again.',
    });
    this.reason = reason;
  }
}
