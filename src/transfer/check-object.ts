import { Zfs3BackupError } from '../errors.ts';
import { nameType } from '../stream/is-bytes.ts';

/** Throws USAGE where nobody said which object of which store it is about; `what` begins the sentence. */
export function checkObject(
  what: string,
  { store, key }: { readonly store: unknown; readonly key: unknown },
) {
  if (typeof key !== 'string' || key === '') {
    const given = key === '' ? 'an empty one' : nameType(key);
    throw new Zfs3BackupError('USAGE', `${what} needs a \`key\`: a text, not ${given}`);
  }
  if (isStore(store)) return;
  throw new Zfs3BackupError(
    'USAGE',
    `${key}: the \`store\` must be what \`openStore\` resolves to, not ${nameType(store)}`,
  );
}

function isStore(store: unknown): boolean {
  return typeof store === 'object' && store !== null && 'head' in store && typeof store.head === 'function';
}
