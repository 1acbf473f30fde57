import { appendFile, readFile, truncate, unlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../src/store/directory-store.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { collect } from './stream/fixtures.ts';
import { createChain, DATASET, PART_BYTES, rot } from './verification/stored-backups.ts';
import { check, FINE, FIRST_DAMAGED, findings, of, verdicts } from './verification/verdicts.ts';

describe('what is whole', () => {
  it.each([undefined, 'zstd', 'gzip'])('is ok at each level (%s)', async (compressor) => {
    const { check, machine } = await createChain(compressor === undefined ? {} : { compressor });
    for (const level of [1, 2, 3] as const) {
      machine.datasets.set('pool/scratch', []);
      const result = await check({ level, source: machine.source, scratch: 'pool/scratch' });
      expect(verdicts(result)).toEqual(FINE);
      expect(result.backups.map((each) => [each.level, each.notes, each.isRecorded])).toEqual(
        FINE.map(() => [level, [], true]),
      );
      expect(result.summary.storedBytes > 0).toBe(level > 1);
    }
  });

  it('is looked at from what is named back to its full, and no further', async () => {
    const { check } = await createChain();
    expect(verdicts(await check({ dataset: DATASET, snapshots: ['2'] }))).toEqual(['1: ok', '2: ok']);
    expect(verdicts(await check({ snapshots: [`${DATASET}@1`] }))).toEqual(['1: ok']);
    await expect(check({ snapshots: ['2'] })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(check({ dataset: DATASET, snapshots: ['9'] })).rejects.toMatchObject({
      code: 'NO_SUCH_BACKUP',
    });
    await expect(check({ dataset: 'tank/none' })).rejects.toMatchObject({ code: 'NO_SUCH_DATASET' });
  });

  it('is read for a sample only, the same one for the same seed', async () => {
    const { check } = await createChain();
    const sampleOf = async (seed: number) => {
      const { backups, sample } = await check({ level: 2, sample: { fraction: 0.34, seed } });
      expect(sample).toEqual({ fraction: 0.34, seed });
      return backups.filter(({ level }) => level === 2).map(({ snapshot }) => snapshot);
    };
    const days = [await sampleOf(0), await sampleOf(1), await sampleOf(2)];
    expect(await sampleOf(1)).toEqual(days[1]);
    expect([...new Set(days.flat())].sort()).toEqual(['1', '2', '3']);
    const time = new Date('2026-11-21T12:00:00Z');
    expect((await check({ level: 2, sample: { fraction: 0.5 }, time })).sample?.seed).toBe(20_778);
  });
});

it('what is wrong with the call is told of no backup', async () => {
  const { check } = await createChain();
  for (const wrong of [{ maxMemory: Number.NaN }, { concurrency: Number.NaN }]) {
    await expect(check({ level: 2, ...wrong })).rejects.toMatchObject({ code: 'USAGE' });
  }
});

describe('damage', () => {
  it('of one byte is told with its part and byte range, and all that builds on it is not restorable', async () => {
    const { check, fileOf } = await createChain();
    await rot(fileOf('1'), 7000);
    expect(verdicts(await check())).toEqual(FINE);
    const result = await check({ level: 2 });
    expect(verdicts(result)).toEqual(FIRST_DAMAGED);
    expect(of(result, '1').findings).toMatchObject([
      { kind: 'part', part: { number: 3, first: 6000, last: 8999 } },
      { kind: 'stream' },
    ]);
    expect(of(result, '1').findings[0]?.message).toContain(`p/${DATASET}@1: part 3 (bytes 6000–8999)`);
    expect(of(result, '3').reason).toBe(`it builds on ${DATASET}@1, which is damaged`);
  });

  it('at several places is told all, also where the decoder gave up at the first', async () => {
    const { check, fileOf } = await createChain({ compressor: 'gzip' });
    const bytes = (await readFile(fileOf('1'))).byteLength;
    for (const at of [20, 7000, bytes - 1]) await rot(fileOf('1'), at);
    const { findings: found } = of(await check({ level: 2 }), '1');
    expect(found.flatMap(({ part }) => part?.number ?? [])).toEqual([1, 3, Math.ceil(bytes / PART_BYTES)]);
    expect(found.at(-1)?.kind).toBe('stream');
  });

  it('of an object that became shorter or longer shows without reading it', async () => {
    const short = await createChain();
    await truncate(short.fileOf('2'), 4000);
    const result = await short.check();
    expect(verdicts(result)).toEqual(['1: ok', '2: damaged', '3: not restorable']);
    expect(findings(result, '2')).toEqual(['size']);
    expect(of(result, '2').findings[0]?.message).toMatch(
      /is cut short: it has 4000 bytes, and \d+ were stored/,
    );
    const long = await createChain();
    await appendFile(long.fileOf('3'), 'more');
    expect(of(await long.check(), '3').findings[0]?.message).toContain('has become longer');
    expect(findings(await long.check({ level: 2 }), '3')).toContain('size');
  });

  it('of an object that is gone is told by its record, and by what builds on it', async () => {
    const { check, fileOf, store } = await createChain();
    await store.remove(`p/${DATASET}@2`);
    const result = await check();
    expect(verdicts(result)).toEqual(['1: ok', '3: not restorable', '2: damaged']);
    expect(of(result, '3').reason).toBe(`it builds on ${DATASET}@2, which is not in the store`);
    expect(findings(result, '2')).toEqual(['missing']);
    expect(verdicts(await check({ snapshots: [`${DATASET}@2`] }))).toEqual(['2: damaged']);
    await unlink(fileOf('1'));
    expect(verdicts(await check()).filter((line) => line.startsWith('1'))).toEqual(['1: damaged']);
  });

  it('of an object that was replaced by one of the same size shows by its ETag', async () => {
    const { check, store } = await createChain();
    const key = `p/${DATASET}@2`;
    const body = await collect((await store.get(key)).chunks);
    const { metadata = {} } = (await store.head(key)) ?? {};
    body[5000] = (body[5000] ?? 0) ^ 1;
    await store.put(key, body, { metadata });
    const result = await check();
    expect(findings(result, '2')).toEqual(['object']);
    expect(verdicts(result)).toEqual(['1: ok', '2: damaged', '3: not restorable']);
  });
});

it('looks at thousands of backups by listing them', async () => {
  const summary = { bytes: 5, etag: 'abc', modifiedAt: new Date(0), storageClass: undefined };
  const store: ObjectStore = {
    ...createDirectoryStore({ path: '/nonexistent', prefix: 'p/' }),
    async *list() {
      for (let at = 0; at < 3000; at++) {
        const facts = at === 0 ? '1,f,t5,eabc' : `1,i,t5,eabc,p${at - 1}`;
        yield { ...summary, key: `p/${DATASET}@${at}` };
        yield { ...summary, key: `p/.records/${DATASET}@${at}/${facts}` };
      }
    },
  };
  const { backups } = await check(store);
  expect(backups).toHaveLength(3000);
  expect(backups.filter(({ verdict, isRecorded }) => verdict === 'ok' && isRecorded)).toHaveLength(3000);
});
