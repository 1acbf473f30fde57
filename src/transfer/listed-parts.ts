import { StoreError } from '../errors.ts';
import type { CallOptions, OpenUpload, StoredPart } from '../store/object-store.ts';

/**
 * The parts of an upload that was listed; `undefined` where it is gone: somebody ended it since the listing, or the
 * store goes on listing what it has not.
 */
export async function readListedParts(
  upload: OpenUpload,
  call: CallOptions,
): Promise<readonly StoredPart[] | undefined> {
  try {
    return await upload.listParts(call);
  } catch (error) {
    const isGone = error instanceof StoreError && error.status === 404 && error.code !== 'NO_SUCH_BUCKET';
    if (isGone) return undefined;
    throw error;
  }
}
