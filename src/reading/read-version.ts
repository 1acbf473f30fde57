import { readFile } from 'node:fs/promises';

/** The version of the package these files belong to. */
export async function readVersion(): Promise<string> {
  // The same distance from src/ and from dist/.
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
