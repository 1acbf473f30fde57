import type { Hold } from '../../lineage/marks.ts';

/** Who holds these snapshots. */
export function holdsArguments(dataset: string, snapshots: readonly string[]): readonly string[] {
  return ['holds', '-H', ...snapshots.map((snapshot) => `${dataset}@${snapshot}`)];
}

/** Reads lines of `dataset@snapshot<tab>tag<tab>time`. */
export function parseHolds(output: string, dataset: string): readonly Hold[] {
  return output.split('\n').flatMap((line) => {
    const [name = '', tag = ''] = line.split('\t');
    if (!name.startsWith(`${dataset}@`) || tag === '') return [];
    return [{ snapshot: name.slice(dataset.length + 1), tag }];
  });
}
