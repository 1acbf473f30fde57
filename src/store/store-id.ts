import { createHash } from 'node:crypto';
import type { ObjectStore } from './object-store.ts';

const LENGTH = 10;

/**
 * A short name for a store, of digits and letters a to f: the same for all who mean the same place (server, bucket
 * and prefix, or path), different for any other, and nothing that anybody has to keep.
 */
export function storeId({
  url,
  prefix,
  server = '',
}: Pick<ObjectStore, 'url' | 'prefix' | 'server'>): string {
  const place = JSON.stringify([server, url, prefix]);
  return createHash('sha256').update(place).digest('hex').slice(0, LENGTH);
}

/** The server of an endpoint, spelled alike however it is reached; `undefined` is AWS. */
export function serverName(endpoint: string | undefined): string {
  if (endpoint === undefined) return 'aws';
  // The port is left out where it is the scheme's own; http and https lead to the same buckets.
  const { host, hostname, pathname } = new URL(endpoint);
  if (hostname.endsWith('.amazonaws.com')) return 'aws';
  return `${host.replace(/\.(?=:|$)/, '')}${pathname.replace(/\/+$/, '')}`.toLowerCase();
}
