import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SCHEMA } from '../../src/config/schema.ts';
import { renderProviderTables } from '../../src/store/provider-table.ts';
import { PROVIDER_NAMES, PROVIDERS } from '../../src/store/providers.ts';

const page = fileURLToPath(new URL('../../docs/providers.md', import.meta.url));
const BEGIN = '<!-- providers: generated from src/store/providers.ts -->\n';
const END = '<!-- providers: end -->\n';

// `npx vitest run test/store/provider-table.test.ts -u` writes the page anew.
it('is what docs/providers.md holds', async () => {
  const text = await readFile(page, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const after = rest.split(END)[1];
  expect(after).toBeDefined();
  await expect([before, BEGIN, `${renderProviderTables()}\n`, END, after].join('')).toMatchFileSnapshot(page);
});

it('names settings that there are, and all fields of a profile', () => {
  const named = [...renderProviderTables().matchAll(/`([A-Z0-9_]+)` \|/g)].map(([, name]) => name);
  for (const name of named) expect(Object.keys(SCHEMA)).toContain(name);
  const { limits, name: _, ...fields } = PROVIDERS.generic;
  expect(named).toHaveLength(Object.keys({ ...limits, ...fields }).length);
  expect(Object.keys(PROVIDERS).sort()).toEqual([...PROVIDER_NAMES].sort());
});
