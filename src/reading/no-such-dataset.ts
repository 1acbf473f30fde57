import { Zfs3BackupError } from '../errors.ts';

/** A dataset that a verb needs on this machine. */
export function noSuchDataset(dataset: string): Zfs3BackupError {
  return new Zfs3BackupError('NO_SUCH_DATASET', `${dataset}: there is no such dataset here`, {
    advice: '`zfs list` shows the datasets of this machine.',
  });
}
