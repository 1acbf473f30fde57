import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { renderThaw, thawJson } from '../src/cli/render-thaw.ts';
import { createStyle } from '../src/cli/style.ts';
import { readArchived } from '../src/reading/read-archived.ts';
import { readLineage } from '../src/reading/read-lineage.ts';
import { parseThaw } from '../src/store/s3-thaw.ts';
import { thaw } from '../src/thaw.ts';
import { checkFields } from './cli/check-fields.ts';
import { jsonTable } from './cli/docs-tables.ts';
import { type Answer, errorBody, openStore, xml } from './store/answering-server.ts';
import { failureOf } from './store/store-failure.ts';
import { thrownBy } from './stream/fixtures.ts';

const plain = createStyle(false);
const IN_PROGRESS = 'ongoing-request="true"';
const READY = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"';

interface Kept {
  readonly storageClass: string;
  /** As HEAD tells it. */
  readonly restore?: string;
  /** What it says to who asks for it. */
  readonly answer?: Answer;
}

/** A bucket with the chain a ← b ← c, of which each object is kept as told. */
function bucketOf(kept: Readonly<Record<string, Kept>>): Answer {
  const names = Object.keys(kept);
  const chain: Record<string, string> = { a: '', b: 'a', c: 'b' };
  return (request, response) => {
    const name = /@(\w)/.exec(decodeURIComponent(request.url))?.[1] ?? '';
    const { storageClass = 'STANDARD', restore, answer } = kept[name] ?? {};
    const parent = chain[name] ?? '';
    const head = {
      'x-amz-storage-class': storageClass,
      ...(parent === '' ? { 'x-amz-meta-isfull': 'true' } : { 'x-amz-meta-parent': `t/a@${parent}` }),
      ...(restore ? { 'x-amz-restore': restore } : {}),
      etag: '"e"',
    };
    if (request.url.includes('list-type')) return listing(names, kept)(request, response);
    if (request.method === 'HEAD') return response.writeHead(200, { ...head, 'content-length': 9 }).end();
    if (request.method === 'POST') return (answer ?? xml(202, ''))(request, response);
    const isArchived = ['GLACIER', 'DEEP_ARCHIVE'].includes(storageClass) && restore !== READY;
    if (isArchived) return xml(403, errorBody('InvalidObjectState'))(request, response);
    return body(response, head);
  };
}

function listing(names: readonly string[], kept: Readonly<Record<string, Kept>>): Answer {
  const rows = names.map(
    (name) =>
      `<Contents><Key>p/t/a@${name}</Key><Size>9</Size><ETag>"e"</ETag><StorageClass>${kept[name]?.storageClass}</StorageClass><LastModified>2026-01-0${names.indexOf(name) + 1}T00:00:00Z</LastModified></Contents>`,
  );
  return xml(200, `<ListBucketResult><IsTruncated>false</IsTruncated>${rows.join('')}</ListBucketResult>`);
}

function body(response: ServerResponse, head: Record<string, string>): void {
  response.writeHead(206, { ...head, 'content-range': 'bytes 0-0/9', 'content-length': '1' }).end('x');
}

async function thawIn(kept: Readonly<Record<string, Kept>>, more: { readonly dryRun?: boolean } = {}) {
  const { store, requests } = await openStore(bucketOf(kept));
  const options = { store, dataset: 't/a', snapshot: 'c', days: 7, tier: 'Bulk', ...more } as const;
  const posts = () => requests.filter(({ method }) => method === 'POST');
  return { outcome: thaw(options), posts, store };
}

const STANDARD = { storageClass: 'STANDARD' };
const FROZEN = { storageClass: 'DEEP_ARCHIVE' };

describe('thaw', () => {
  it('asks for all of a chain that is archived, and for nothing else', async () => {
    const { outcome, posts } = await thawIn({ a: FROZEN, b: STANDARD, c: { storageClass: 'GLACIER' } });
    const result = await outcome;
    expect(result.backups.map(({ state }) => state)).toEqual(['requested', 'readable', 'requested']);
    expect(result.isReady).toBe(false);
    expect(posts().map(({ url }) => decodeURIComponent(url).replace(/&.*/, ''))).toEqual([
      '/b/p/t/a@a?restore=',
      '/b/p/t/a@c?restore=',
    ]);
    for (const { body } of posts()) {
      expect(String(body)).toContain('<Days>7</Days>');
      expect(String(body)).toContain('<Tier>Bulk</Tier>');
    }
  });

  it('tells how far each is', async () => {
    const busy = xml(409, errorBody('RestoreAlreadyInProgress'));
    const { outcome, posts } = await thawIn({
      a: { ...FROZEN, restore: READY },
      b: { ...FROZEN, restore: IN_PROGRESS },
      c: { ...FROZEN, answer: busy },
    });
    const result = await outcome;
    expect(result.backups.map(({ state }) => state)).toEqual(['readable', 'in progress', 'in progress']);
    expect(result.backups[0]?.until).toEqual(new Date('2029-12-21T00:00:00Z'));
    expect(posts()).toHaveLength(1);
    expect(renderThaw(result, plain)).toMatch(
      /t\/a@a \(9 B, DEEP_ARCHIVE\): readable until 2029-12-2\d .*\nt\/a@b .*: in progress\n.*\n2 objects of 3 cannot be read yet/,
    );
    const json = JSON.parse(JSON.stringify(thawJson(result)));
    checkFields(json, jsonTable('restore --thaw'));
    for (const each of json.backups) checkFields(each, jsonTable('`backups` of a chain'));
  });

  it('asks for nothing in a dry run, and says when all is there', async () => {
    const dry = await thawIn({ a: FROZEN, b: STANDARD, c: STANDARD }, { dryRun: true });
    expect((await dry.outcome).backups.map(({ state }) => state)).toEqual([
      'archived',
      'readable',
      'readable',
    ]);
    expect(dry.posts()).toEqual([]);
    const ready = await thawIn({ a: { ...FROZEN, restore: READY }, b: STANDARD, c: STANDARD });
    const result = await ready.outcome;
    expect(result.isReady).toBe(true);
    expect(renderThaw(result, plain)).toContain('run the restore');
  });

  it('reads a class that only sounds archived, as some stores have it', async () => {
    const { outcome, posts } = await thawIn({ a: { storageClass: 'ARCHIVE' }, b: STANDARD, c: STANDARD });
    expect((await outcome).isReady).toBe(true);
    expect(posts()).toEqual([]);
  });

  it('fails with a sentence where it may not ask', async () => {
    const { outcome } = await thawIn({
      a: { ...FROZEN, answer: xml(403, errorBody('AccessDenied')) },
      b: STANDARD,
      c: STANDARD,
    });
    expect(await thrownBy(() => outcome)).toMatchObject({
      code: 'STORE_DENIED',
      advice: expect.stringContaining('s3:RestoreObject'),
    });
  });

  it('fails where the store has no such thing and something is archived', async () => {
    const { store } = await openStore(bucketOf({ a: FROZEN, b: STANDARD, c: STANDARD }));
    const { thaw: _, ...without } = store;
    const options = { store: without, dataset: 't/a', snapshot: 'c', days: 1, tier: 'Standard' } as const;
    expect(await thrownBy(() => thaw(options))).toMatchObject({ code: 'STORE_FAILED' });
  });
});

it('an archived object is recognised when it is read', async () => {
  const { store } = await openStore(bucketOf({ a: FROZEN }));
  const failure = await failureOf(store.get('p/t/a@a'));
  expect(failure).toMatchObject({ code: 'ARCHIVED', retryable: false });
  expect(failure.message).toContain('archived');
});

it('archived backups are told from others by a byte, and by what was asked for', async () => {
  const { store } = await openStore(
    bucketOf({ a: FROZEN, b: { ...FROZEN, restore: IN_PROGRESS }, c: { ...FROZEN, restore: READY } }),
  );
  const { entries } = await readLineage(store, 't/a');
  const backups = entries.map(({ backup }) => backup);
  const archived = await readArchived(store, backups, {});
  expect(archived.map(({ backup, thawing }) => [backup.snapshot, thawing])).toEqual([
    ['a', false],
    ['b', true],
  ]);
});

it.each([
  [undefined, undefined],
  ['', undefined],
  [IN_PROGRESS, { state: 'in progress' }],
  [READY, { state: 'ready', until: new Date('2029-12-21T00:00:00Z') }],
  ['ongoing-request="false"', { state: 'ready', until: undefined }],
  ['ongoing-request="false", expiry-date="soon"', { state: 'ready', until: undefined }],
])('x-amz-restore %j is %j', (header, expected) => {
  expect(parseThaw(header)).toEqual(expected);
});
