import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SCHEMA } from '../../src/config/schema.ts';
import { renderProviderTables } from '../../src/store/provider-table.ts';
import { PROVIDER_NAMES, PROVIDERS } from '../../src/store/providers.ts';
import { minBilledDays, renderStorageClassTable } from '../../src/store/storage-classes.ts';

const PARTS = [
  [
    '<!-- providers: generated from src/store/providers.ts -->\n',
    '<!-- providers: end -->\n',
    renderProviderTables,
  ],
  [
    '<!-- classes: generated from src/store/storage-classes.ts -->\n',
    '<!-- classes: end -->\n',
    renderStorageClassTable,
  ],
] as const;

const page = fileURLToPath(new URL('../../docs/providers.md', import.meta.url));

// `npx vitest run test/store/provider-table.test.ts -u` writes the page anew.
it('is what docs/providers.md holds', async () => {
  let text = await readFile(page, 'utf8');
  for (const [begin, end, render] of PARTS) {
    const [before = '', rest = ''] = text.split(begin);
    const after = rest.split(end)[1];
    expect(after, begin).toBeDefined();
    text = [before, begin, `${render()}\n`, end, after].join('');
  }
  await expect(text).toMatchFileSnapshot(page);
});

it('names settings that there are, and all fields of a profile', () => {
  const named = [...renderProviderTables().matchAll(/`([A-Z0-9_]+)` \|/g)].map(([, name]) => name);
  for (const name of named) expect(Object.keys(SCHEMA)).toContain(name);
  const { limits, name: _, ...fields } = PROVIDERS.generic;
  expect(named).toHaveLength(Object.keys({ ...limits, ...fields }).length);
  expect(Object.keys(PROVIDERS).sort()).toEqual([...PROVIDER_NAMES].sort());
});

it.each([
  ['aws', undefined, 0],
  ['aws', 'STANDARD', 0],
  ['aws', 'STANDARD_IA', 30],
  ['aws', 'DEEP_ARCHIVE', 180],
  ['aws', 'toString', 0],
  ['wasabi', undefined, 90],
  ['wasabi', 'STANDARD', 90],
  ['r2', 'STANDARD_IA', 30],
  ['gcs', 'COLDLINE', 90],
  ['ceph', 'STANDARD_IA', 0],
] as const)('knows how long %s bills for %s: %i days', (provider, storageClass, days) => {
  expect(minBilledDays(PROVIDERS[provider], storageClass)).toBe(days);
});
