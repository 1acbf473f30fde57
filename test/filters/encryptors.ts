import { afterAll, beforeAll, expect } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import { type AgeKeys, createAgeFilter } from '../../src/filters/age.ts';
import type { EncodedBody, Filter } from '../../src/filters/filter.ts';
import { createGpgFilter, type GpgKeys } from '../../src/filters/gpg.ts';
import { chunksOf, collect, cutAt, thrownBy } from '../stream/fixtures.ts';
import { makeTestKeys, type TestKeys } from './test-keys.ts';

/** Of each file that tests with them. */
export let keys: TestKeys;
beforeAll(async () => {
  keys = await makeTestKeys();
});
afterAll(() => keys.close());

export const age = (more: AgeKeys = {}) =>
  createAgeFilter({ recipients: [keys.recipient], identityFile: keys.identityFile, ...more });
export const gpg = (more: GpgKeys = {}) =>
  createGpgFilter({ recipients: [keys.fingerprint], home: keys.gpgHome, ...more });

export function bodyOf(data: Uint8Array): EncodedBody & { readonly asked: () => number } {
  let asked = 0;
  return {
    key: 'z/tank@one',
    readHead: async (bytes) => {
      asked += 1;
      return data.subarray(0, bytes);
    },
    asked: () => asked,
  };
}

export function encrypted(filter: Filter, data: Uint8Array): Promise<Buffer> {
  return collect(filter.encode(cutAt(data, [65_536, 1, 200_000])));
}

export async function refusal(filter: Filter, data: Uint8Array): Promise<Zfs3BackupError> {
  const error = await thrownBy(() => collect(filter.decode(chunksOf(data))));
  expect(error).toBeInstanceOf(Zfs3BackupError);
  return error as Zfs3BackupError;
}
