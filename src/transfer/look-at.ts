import { StoreError } from '../errors.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../store/object-store.ts';

/**
 * What is under a key, or `undefined`. HEAD needs the permission to read the body on S3; whoever may only list gets what a
 * listing tells, without metadata and digest.
 */
export async function lookAt(
  store: ObjectStore,
  key: string,
  call: CallOptions = {},
): Promise<ObjectInfo | undefined> {
  try {
    return await store.head(key, call);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return findInListing(store, key, call).catch((second: unknown) => {
      // What was asked for is the news, not that the listing is refused as well.
      throw isForbidden(second) ? error : second;
    });
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'STORE_DENIED' && error.status === 403;
}

async function findInListing(
  store: ObjectStore,
  key: string,
  call: CallOptions,
): Promise<ObjectInfo | undefined> {
  // The key itself comes first among those that begin with it.
  for await (const summary of store.list(key, call)) {
    return summary.key === key ? { ...summary, metadata: {} } : undefined;
  }
  return undefined;
}
