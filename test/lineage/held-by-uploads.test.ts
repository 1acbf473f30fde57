import { expect, it } from 'vitest';
import { heldByUploads, type PendingUpload } from '../../src/lineage/held-by-uploads.ts';
import { DATASET, PREFIX, parseSituation } from './situation.ts';

const HOUR = 3_600_000;

function held(store: string, ...uploads: readonly PendingUpload[]): string {
  const { lineage } = parseSituation(`store: ${store} | health`);
  const found = heldByUploads({ lineage, prefix: PREFIX, uploads, abandonedBefore: new Date(100 * HOUR) });
  return [...found].map(([name, reason]) => `${name}: ${reason}`).join(', ') || 'nothing';
}

const upload = (name: string, metadata?: Record<string, string>, hour = 200): PendingUpload => ({
  key: `${PREFIX}${name}`,
  metadata,
  startedAt: new Date(hour * HOUR),
});

it('holds what the coming backup names as its parent', () => {
  const coming = upload(`${DATASET}@c`, { parent: `${DATASET}@b` });
  expect(held('a(full) b<a', coming)).toBe('b: c, which is being uploaded, builds on it');
  expect(held('a(full)', coming)).toBe('nothing');
});

it('knows a parent that was renamed by its guid', () => {
  const coming = upload(`${DATASET}@c`, { parent: `${DATASET}@old`, 'parent-guid': '7' });
  expect(held('a(full) b,7<a', coming)).toMatch(/^b: c/);
});

it('holds nothing for a full', () => {
  expect(held('a(full)', upload(`${DATASET}@c`, { isfull: 'true' }))).toBe('nothing');
});

it('holds all for one that does not tell, unless that is long abandoned', () => {
  const all =
    'a: c is being uploaded, and does not tell what it builds on, b: c is being uploaded, and does not tell what it builds on';
  expect(held('a(full) b<a', upload(`${DATASET}@c`))).toBe(all);
  expect(held('a(full) b<a', upload(`${DATASET}@c`, undefined, 99))).toBe('nothing');
});

it('minds its own dataset', () => {
  expect(held('a(full)', upload(`${DATASET}b@c`), upload('tank@c'), upload('photo.jpg'))).toBe('nothing');
});
