import { open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { copyRange, FILE_MODE, ignoreMissing } from './directory-files.ts';
import { type PartPlace, parsePlace, renderPlace } from './directory-parts.ts';

/** The stored parts by number. */
export async function readPlaces(folder: string): Promise<PartPlace[]> {
  const names = await readdir(folder).catch(noneIfMissing);
  const places = names.map(parsePlace).filter((place) => place !== undefined);
  const byNumber = new Map<number, PartPlace>();
  for (const place of places) {
    const other = byNumber.get(place.partNumber);
    if (other === undefined) byNumber.set(place.partNumber, place);
    else byNumber.set(place.partNumber, await newer(folder, place, other));
  }
  return [...byNumber.values()].sort((a, b) => a.partNumber - b.partNumber);
}

/** Two markers of one part are left when a replacing writer died before it removed the old one. */
async function newer(folder: string, a: PartPlace, b: PartPlace): Promise<PartPlace> {
  const [statsA, statsB] = await Promise.all([a, b].map((place) => stat(join(folder, renderPlace(place)))));
  return (statsA?.mtimeMs ?? 0) >= (statsB?.mtimeMs ?? 0) ? a : b;
}

export async function dropPlace(folder: string, place: PartPlace): Promise<void> {
  await unlink(join(folder, renderPlace(place))).catch(ignoreMissing);
  if (typeof place.at === 'string') await unlink(join(folder, place.at)).catch(ignoreMissing);
}

/** Brings all parts into one file, touching only those that are not where they belong. */
export async function assemble(
  folder: string,
  wanted: readonly PartPlace[],
  storedParts: number,
): Promise<string> {
  const placed: Array<PartPlace & { readonly offset: number }> = [];
  let total = 0;
  for (const place of wanted) {
    placed.push({ ...place, offset: total });
    total += place.bytes;
  }
  const inBody = placed.filter(({ at }) => typeof at === 'number');
  const inPlace = wanted.length === storedParts && inBody.every(({ at, offset }) => at === offset);
  const path = inPlace ? join(folder, 'body') : join(folder, 'assembled');
  await using target = await open(path, inPlace ? 'r+' : 'w', FILE_MODE);
  for (const { at, offset, bytes } of placed) {
    if (inPlace && typeof at === 'number') continue;
    await using from = await open(join(folder, typeof at === 'number' ? 'body' : at), 'r');
    await copyRange(from, typeof at === 'number' ? at : 0, target, offset, bytes);
  }
  await target.truncate(total);
  return path;
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    ignoreMissing(error);
    return false;
  }
}

export function noneIfMissing(error: unknown): string[] {
  ignoreMissing(error);
  return [];
}
