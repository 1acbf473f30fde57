import { afterEach } from 'vitest';
import type { S3StoreOptions } from '../../src/store/s3-context.ts';
import { openTestStore } from '../s3.ts';

const opened: Array<{ close(): void }> = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

/** Closed behind the test. */
export function open(bucket: string, options: Partial<S3StoreOptions> = {}) {
  const store = openTestStore(bucket, options);
  opened.push(store);
  return store;
}
