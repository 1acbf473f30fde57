import { createFilterRegistry } from '../../src/filters/registry.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type VerifiedBackup, type VerifyOptions, type VerifyResult, verify } from '../../src/verify.ts';

export const filters = createFilterRegistry();

export const check = (store: ObjectStore, options: Partial<VerifyOptions> = {}) =>
  verify({ store, filters, maxRetries: 0, ...options });

export const verdicts = ({ backups }: VerifyResult) =>
  backups.map(({ snapshot, verdict }) => `${snapshot}: ${verdict}`);

export function of(result: VerifyResult, snapshot: string): VerifiedBackup {
  const found = result.backups.find((each) => each.snapshot === snapshot);
  if (!found) throw new Error(`nothing is said of ${snapshot}`);
  return found;
}

export const findings = (result: VerifyResult, snapshot: string) =>
  of(result, snapshot).findings.map(({ kind }) => kind);

export const FINE = ['1: ok', '2: ok', '3: ok'];
export const FIRST_DAMAGED = ['1: damaged', '2: not restorable', '3: not restorable'];
