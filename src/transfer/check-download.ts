import { type AskedBuffers, checkBuffers } from './check-buffers.ts';
import { checkObject } from './check-object.ts';

/** What the types promise and JavaScript does not. Throws USAGE, before anything is asked of the store. */
export function checkDownload(
  options: AskedBuffers & { readonly store: unknown; readonly key: unknown },
): void {
  checkObject('A download', options);
  checkBuffers(options);
}
