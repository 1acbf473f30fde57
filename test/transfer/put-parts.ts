import type { ObjectStore } from '../../src/store/object-store.ts';
import { type UploadOptions, upload } from '../../src/transfer/upload.ts';
import { instantSleep, KEY, producer } from './bytes.ts';
import { KIB } from './memory-store.ts';

export const PART = 4 * KIB;

export function put(store: ObjectStore, body: Uint8Array, options: Partial<UploadOptions> = {}) {
  const { sleep } = instantSleep();
  return upload({ store, key: KEY, source: producer(body), partBytes: PART, sleep, ...options });
}
