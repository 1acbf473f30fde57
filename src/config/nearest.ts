/** The candidate that takes the fewest edits to become `word`, whatever its case; the first one of several. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = editDistance(word.toUpperCase(), candidate.toUpperCase());
    if (edits < fewest) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

/** Names of filters without the one that stands for no filter: nobody is to switch one off by a hint. */
export function withoutNone(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== 'none');
}

/** The candidate that a person most likely meant, or `undefined` when none is close. */
export function findMeant(word: string, candidates: readonly string[]): string | undefined {
  const short =
    word.length > 2 && candidates.find((each) => each.toUpperCase().startsWith(word.toUpperCase()));
  if (short) return short;
  const best = nearest(word, candidates);
  if (best === undefined) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 2.5));
  return editDistance(word.toUpperCase(), best.toUpperCase()) <= limit ? best : undefined;
}

/** Insertions, deletions and substitutions that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, substituted));
    }
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
