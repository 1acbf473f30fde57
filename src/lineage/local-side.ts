/**
 * What is known of this machine's side of a dataset: it was read, it is not here, there is nothing here that could have
 * it (no ZFS that works), it could not be read, or nobody looked.
 */
export type LocalSide = 'read' | 'no dataset' | 'no source' | 'unreadable' | 'not looked at';

/** Whether anybody can say that a snapshot is not here. */
export function isKnown(side: LocalSide): boolean {
  return side !== 'unreadable' && side !== 'not looked at';
}
