import { nvList, nvString, nvUint64, pairsOf, readPackedNvlist } from './nvlist.ts';
import type { ZfsStreamFacts } from './stream-inspector.ts';

/** What the first BEGIN of a package says must follow. */
export interface PackagePromise {
  /** The snapshot that each dataset is brought to, after the `@`. */
  readonly toSnapshot: string | undefined;
  /** Whether it goes down from one dataset (`-R`). */
  readonly isRecursive: boolean;
  readonly datasets: readonly PromisedDataset[];
}

export interface PromisedDataset {
  readonly name: string;
  readonly toGuid: bigint | undefined;
  /** Of the snapshot that the package builds on, where the dataset has it. */
  readonly fromGuid: bigint | undefined;
  /** Of the snapshot that it is a clone of. */
  readonly originGuid: bigint | undefined;
}

/**
 * Reads the list that libzfs puts in front of a package (OpenZFS: `send_iterate_fs` in lib/libzfs/libzfs_sendrecv.c).
 * What it does not know it leaves out. Throws `NvlistError`.
 */
export function readPackagePromise(packed: Uint8Array): PackagePromise {
  let toSnapshot: string | undefined;
  let fromSnapshot: string | undefined;
  let isRecursive = true;
  let datasets: DataView | undefined;
  for (const pair of pairsOf(readPackedNvlist(packed))) {
    if (pair.name === 'tosnap') toSnapshot = nvString(pair);
    if (pair.name === 'fromsnap') fromSnapshot = nvString(pair);
    if (pair.name === 'not_recursive') isRecursive = false;
    if (pair.name === 'fss') datasets = nvList(pair);
  }
  const promised: PromisedDataset[] = [];
  for (const pair of datasets ? pairsOf(datasets) : []) {
    const dataset = nvList(pair);
    if (dataset) promised.push(readDataset(dataset, toSnapshot, fromSnapshot));
  }
  return { toSnapshot, isRecursive, datasets: promised };
}

function readDataset(list: DataView, to: string | undefined, from: string | undefined): PromisedDataset {
  let name = '';
  let toGuid: bigint | undefined;
  let fromGuid: bigint | undefined;
  let originGuid: bigint | undefined;
  for (const pair of pairsOf(list)) {
    if (pair.name === 'name') name = nvString(pair) ?? '';
    if (pair.name === 'origin') originGuid = nvUint64(pair);
    const snapshots = pair.name === 'snaps' ? nvList(pair) : undefined;
    for (const snapshot of snapshots ? pairsOf(snapshots) : []) {
      if (snapshot.name === to) toGuid = nvUint64(snapshot);
      if (snapshot.name === from) fromGuid = nvUint64(snapshot);
    }
  }
  return { name, toGuid, fromGuid, originGuid };
}

/**
 * Says what of a package did not arrive although all that did is well; `undefined` when nothing is missing. `name` is
 * what its first BEGIN is called.
 *
 * `zfs send` itself exits with other than 0 in each of these cases, which nobody sees in a pipe. A snapshot between the
 * first and the last is not asked for by name: `zfs send` leaves one out without a word that was destroyed meanwhile.
 */
export function findMissing(
  name: string,
  promise: PackagePromise | undefined,
  streams: readonly ZfsStreamFacts[],
): string | undefined {
  const gap = findGap(streams);
  if (gap) return gap;
  for (const dataset of promise?.datasets ?? []) {
    const why = findMissingOf(dataset, promise as PackagePromise, streams);
    if (why) return why;
  }
  if (streams.length === 0) return `nothing of ${name || 'the package'} arrived`;
  if (promise || streams.some((stream) => stream.name === name)) return undefined;
  return `${name} did not arrive`;
}

/** Streams of one dataset follow each other, each from where the last one ended. */
function findGap(streams: readonly ZfsStreamFacts[]): string | undefined {
  const last = new Map<string, ZfsStreamFacts>();
  for (const stream of streams) {
    const before = last.get(datasetOf(stream));
    if (before && stream.parentGuid !== before.guid) {
      return `${stream.name} does not build on ${before.name}, which came before it`;
    }
    last.set(datasetOf(stream), stream);
  }
  return undefined;
}

function findMissingOf(
  { name, toGuid, fromGuid, originGuid }: PromisedDataset,
  { toSnapshot, isRecursive }: PackagePromise,
  streams: readonly ZfsStreamFacts[],
): string | undefined {
  const arrived = streams.find(({ guid }) => guid === String(toGuid));
  if (!arrived)
    return `${name}@${toSnapshot ?? '?'} did not arrive, and the beginning of the stream promises it`;
  // Of a single dataset with its properties the list does not say what the stream builds on.
  if (!isRecursive) return undefined;
  const first = streams.find((stream) => datasetOf(stream) === datasetOf(arrived));
  const parent = first?.parentGuid;
  if (parent === undefined || [fromGuid, originGuid].some((guid) => String(guid) === parent))
    return undefined;
  return `what ${first?.name} builds on is neither in it nor where it begins`;
}

function datasetOf({ name }: ZfsStreamFacts): string {
  return name.slice(0, Math.max(0, name.indexOf('@')));
}
