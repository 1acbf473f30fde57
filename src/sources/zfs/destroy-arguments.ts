import { Zfs3BackupError } from '../../errors.ts';
import { isDatasetName } from './names.ts';

/** Fails with USAGE for a pool and for whatever is no dataset: what is destroyed is named with care. */
export function destroyArguments(dataset: string): readonly string[] {
  if (isDatasetName(dataset) && /[^/]\/[^/]/.test(dataset)) return ['destroy', '-r', dataset];
  throw new Zfs3BackupError('USAGE', `${JSON.stringify(dataset)} is no dataset below a pool`);
}
