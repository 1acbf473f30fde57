export interface Sample {
  /** Above 0, at most 1. */
  readonly fraction: number;
  /** A whole number that is not negative; the same one takes the same sample. */
  readonly seed: number;
}

/**
 * The keys that are in a sample: about `fraction` of them, at least one. Seeds that follow each other, as days do,
 * take other keys each time: as many seeds from a multiple of 1/`fraction` on as that makes take every key, whatever
 * keys come or go meanwhile. Seeds further apart (weeks, months) are as good as drawn by lot.
 */
export function takeSample(keys: readonly string[], { fraction, seed }: Sample): ReadonlySet<string> {
  const start = startOf(seed, fraction);
  // How far behind the start of the window on a circle of circumference 1.
  const placed = keys.map((key) => ({ key, distance: (hashOf(key) - start + 1) % 1 }));
  const inside = placed.filter(({ distance }) => distance < fraction);
  if (inside.length > 0) return new Set(inside.map(({ key }) => key));
  const nearest = placed.reduce<{ key: string; distance: number } | undefined>(
    (best, each) => (best && best.distance <= each.distance ? best : each),
    undefined,
  );
  return new Set(nearest ? [nearest.key] : []);
}

/**
 * Windows laid side by side cover the circle in one round; each round takes them in an order of its own. A fixed order
 * would show a job that runs each fourteenth day the same half for ever.
 */
function startOf(seed: number, fraction: number): number {
  // Beyond some millions of windows nobody lives to see a round.
  const windows = Math.max(1, Math.min(Math.ceil(1 / fraction - 1e-9), 1_000_000));
  const round = Math.floor(seed / windows);
  const turn = seed % windows;
  // A step that has no divisor in common with the number of windows visits each of them once.
  let step = 1 + Math.floor(hashOf(`step ${round}`) * windows);
  while (commonDivisor(step, windows) > 1) step += 1;
  const first = Math.floor(hashOf(`first ${round}`) * windows);
  return (((first + turn * step) % windows) * fraction) % 1;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** From 0 to below 1, evenly: FNV-1a, and MurmurHash3's last step to mix what FNV leaves in the low bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
