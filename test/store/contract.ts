import { afterEach, describe } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { describeFailures } from './contract-failures.ts';
import { describeIfAbsent } from './contract-if-absent.ts';
import { describeListing } from './contract-listing.ts';
import { describeObjects } from './contract-objects.ts';
import type { ContractOptions } from './contract-options.ts';
import { describeReading } from './contract-reading.ts';
import { describeUploads } from './contract-uploads.ts';

/** What `object-store.ts` promises, one case per promise. */
export function describeStoreContract(name: string, options: ContractOptions): void {
  describe(`${name} keeps the contract of a store`, () => {
    const opened: ObjectStore[] = [];
    const open = async () => {
      const store = await options.openFresh();
      opened.push(store);
      return store;
    };
    afterEach(() => {
      for (const store of opened.splice(0)) store.close();
    });

    describeObjects(open);
    describeReading(open);
    describeListing(open, options.manyKeys);
    describeUploads(open, options.completesSubset);
    describeIfAbsent(open, options.completesIfAbsent);
    describeFailures(open, options.openMissing);
  });
}
