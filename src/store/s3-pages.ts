import { StoreError } from '../errors.ts';
import { wordsFor } from './operation-words.ts';
import type { S3Context } from './s3-context.ts';
import { callOf, nameOf } from './s3-errors.ts';

export interface Listing<Page, Marker> {
  readonly operation: string;
  /** The key, or the prefix, of what is listed. */
  readonly key: string;
  /** Asks for the page behind `marker`; for the first one without. */
  ask(marker: Marker | undefined): Promise<Page>;
  /** Where a page says that the next one begins. */
  markerOf(page: Page): Marker | undefined;
}

/**
 * The pages of a listing. Throws where a store says that there is more and not where, or names a place where it was
 * before: what is missing from a listing is taken for not there, and who deletes goes by it.
 */
export async function* readPages<Page extends { readonly IsTruncated?: boolean | undefined }, Marker>(
  context: S3Context,
  { operation, key, ask, markerOf }: Listing<Page, Marker>,
): AsyncGenerator<Page> {
  const asked = new Set<string>();
  let marker: Marker | undefined;
  for (;;) {
    const page = await ask(marker);
    yield page;
    if (!page.IsTruncated) return;
    marker = markerOf(page);
    const place = marker === undefined ? undefined : JSON.stringify(marker);
    if (place === undefined || asked.has(place)) {
      const where = place === undefined ? 'not where it goes on' : 'begins again where it was before';
      const name = nameOf({ ...callOf(context.options), key });
      const message = `cannot ${wordsFor(operation)} ${name}: the store says that the listing is longer, and ${where}`;
      throw new StoreError('STORE_FAILED', message, { operation, key, status: 200, retryable: false });
    }
    asked.add(place);
  }
}
