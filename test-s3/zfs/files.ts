import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes random bytes, which neither ZFS nor a compressor can shrink. */
export async function writeRandomFile(path: string, bytes: number): Promise<void> {
  await writeFile(path, randomBytes(bytes));
}

/** Path → digest of each file below a folder: two equal trees give equal objects. */
export async function readTree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = files.toSorted().map(async (path) => {
    const digest = createHash('sha256').update(await readFile(path));
    return [path.slice(folder.length), digest.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}
