/** The candidate that a person most likely meant, or `undefined` when none is close. */
export function findNearest(word: string, candidates: readonly string[]): string | undefined {
  const bare = strip(word);
  let nearest: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const candidate = strip(name);
    const distance = candidate.startsWith(bare) && bare.length > 2 ? 1 : editDistance(bare, candidate);
    if (!nearest || distance < nearest.distance) nearest = { name, distance };
  }
  const limit = Math.max(1, Math.floor(bare.length / 3));
  return nearest && nearest.distance <= limit ? nearest.name : undefined;
}

function strip(word: string): string {
  return word.replace(/^-+(no-)?/, '').toLowerCase();
}

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
