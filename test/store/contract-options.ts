import type { ObjectStore } from '../../src/store/object-store.ts';

const MIB = 1024 ** 2;
/** Stores may refuse smaller parts, all but the last. */
export const PART = 5 * MIB;

export interface ContractOptions {
  /** A store that holds nothing. */
  readonly openFresh: () => Promise<ObjectStore>;
  /** The store at a place that does not exist. */
  readonly openMissing: () => Promise<ObjectStore>;
  /** More than fit into one page of a listing, if that is worth the time. */
  readonly manyKeys: number;
  /** Ceph refuses to complete an upload with some of its parts; AWS leaves the others out. */
  readonly completesSubset: boolean;
  /** Ceph 16 replaces what is there whatever Complete is told. */
  readonly completesIfAbsent: boolean;
}

export type Open = () => Promise<ObjectStore>;
