import type { ObjectStore } from '../../src/store/object-store.ts';

export const PREFIX = 'zfs3backup-backup/';
export const DATASET = 'tank/a';

/** Stores `a` as a full backup, and `b<a` as an incremental one upon `a`. */
export async function putBackups(store: ObjectStore, ...words: readonly string[]): Promise<void> {
  for (const word of words) {
    const [name = '', parent] = word.split('<');
    const metadata = parent === undefined ? { isfull: 'true' } : { parent: `${DATASET}@${parent}` };
    await store.put(`${PREFIX}${DATASET}@${name}`, Buffer.from(`the body of ${word}`), { metadata });
  }
}
