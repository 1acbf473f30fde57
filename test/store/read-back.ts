import type { ObjectBody, ObjectStore } from '../../src/store/object-store.ts';
import { collect } from '../transfer/bytes.ts';

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export async function keysOf(store: ObjectStore, prefix: string, startAfter?: string): Promise<string[]> {
  const found = await all(store.list(prefix, startAfter === undefined ? {} : { startAfter }));
  return found.map(({ key }) => key);
}

export async function read(body: ObjectBody): Promise<string> {
  return (await collect(body.chunks)).toString();
}
