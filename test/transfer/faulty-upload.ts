import { expect } from 'vitest';
import type { Logger } from '../../src/logger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { UploadOptions, upload } from '../../src/transfer/upload.ts';
import { bytesOf, instantSleep, leftovers, NOTHING, readObject } from './bytes.ts';
import { createFaultStore, type Fault, type FaultStore, type Operation } from './fault-store.ts';
import { createMemoryStore, SMALL_LIMITS } from './memory-store.ts';
import { PART, put } from './put-parts.ts';

export const BODY = bytesOf(5 * PART + 100);

export interface Case {
  readonly inner: ObjectStore;
  readonly store: FaultStore;
  readonly warnings: string[];
  readonly delays: readonly number[];
  run(options?: Partial<UploadOptions>): ReturnType<typeof upload>;
}

export function faulty(
  faults: Partial<Record<Operation, Fault>>,
  inner = createMemoryStore(),
  limits = SMALL_LIMITS,
): Case {
  const store = createFaultStore(inner, { faults, limits });
  const { sleep, delays } = instantSleep();
  const warnings: string[] = [];
  const logger: Logger = { debug() {}, info() {}, warn: (_facts, message) => warnings.push(message) };
  const run = (options: Partial<UploadOptions> = {}) => put(store, BODY, { sleep, logger, ...options });
  return { inner, store, warnings, delays, run };
}

export async function expectStored({ inner }: Case, body = BODY) {
  expect((await readObject(inner)).equals(body)).toBe(true);
  expect(await inner.openUploads('')).toEqual([]);
}

export async function expectNothing({ inner }: Case) {
  expect(await leftovers(inner)).toEqual(NOTHING);
}
