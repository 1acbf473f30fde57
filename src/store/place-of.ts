import type { ObjectStore } from './object-store.ts';

/** Where backups lie, for people: `s3://bucket/prefix/`. The `url` alone does not show a wrong prefix. */
export function placeOf({ url, prefix }: Pick<ObjectStore, 'url' | 'prefix'>): string {
  return `${url.replace(/\/$/, '')}/${prefix}`;
}
