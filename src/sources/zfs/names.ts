import { Zfs3BackupError } from '../../errors.ts';

// Looser than ZFS, which has the last word. What must not pass: a name that a program would take for an option,
// a delimiter that makes it name something else, and control characters.
const DATASET = /^[A-Za-z0-9][^@#,\p{Cc}]*$/u;
const SNAPSHOT = /^[^@#,/\p{Cc}]+$/u;

export function isDatasetName(name: string): boolean {
  return DATASET.test(name);
}

/** The name as it is. Fails with USAGE when it cannot be a dataset's. */
export function datasetName(name: string): string {
  if (!isDatasetName(name)) throw unusable('dataset', name);
  return name;
}

/** `dataset@snapshot`. Fails with USAGE when one of the two cannot be such a name. */
export function snapshotName(dataset: string, snapshot: string): string {
  datasetName(dataset);
  if (!SNAPSHOT.test(snapshot)) throw unusable('snapshot', snapshot);
  return `${dataset}@${snapshot}`;
}

/** `dataset#bookmark`. Fails with USAGE when one of the two cannot be such a name. */
export function bookmarkName(dataset: string, bookmark: string): string {
  datasetName(dataset);
  if (!SNAPSHOT.test(bookmark)) throw unusable('bookmark', bookmark);
  return `${dataset}#${bookmark}`;
}

function unusable(what: string, name: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', `${JSON.stringify(name)} cannot be the name of a ${what}`);
}
