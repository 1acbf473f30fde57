import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, cutAt } from '../stream/fixtures.ts';
import { streamOf } from '../zfs-machine.ts';
import { createBucket, createChain, DATASET, full, incremental } from './stored-backups.ts';
import { check, FINE, filters, findings, of, verdicts } from './verdicts.ts';

describe('without records', () => {
  it('what is possible is done, and what was not is said', async () => {
    const store = await createBucket({
      1: full({ name: '1', guid: 1n }),
      2: incremental({ name: '2', guid: 2n, parentGuid: 1n }, '1'),
    });
    const upload = await store.startUpload(`p/${DATASET}@3`, { metadata: { parent: `${DATASET}@2` } });
    const body = streamOf(DATASET, { name: '3', guid: 3n, parentGuid: 2n });
    const parts = [
      await upload.putPart(1, body.subarray(0, 5000)),
      await upload.putPart(2, body.subarray(5000)),
    ];
    await upload.complete(parts);
    const result = await check(store, { level: 2 });
    expect(verdicts(result)).toEqual(FINE);
    expect(result.backups.map(({ isRecorded }) => isRecorded)).toEqual([false, false, false]);
    // one PUT has a digest that the store tells; parts of an odd size have none that could be found again
    expect(result.backups.map(({ notes }) => notes.length)).toEqual([0, 0, 1]);
    expect(of(result, '3').notes[0]).toContain('compared with no');
  });

  it('a wrong parent shows in the stream', async () => {
    const store = await createBucket({
      1: full({ name: '1', guid: 1n }),
      2: incremental({ name: '2', guid: 2n, parentGuid: 77n }, '1'),
    });
    expect(verdicts(await check(store))).toEqual(['1: ok', '2: ok']);
    const result = await check(store, { level: 2 });
    expect(findings(result, '2')).toEqual(['identity']);
    expect(of(result, '2').findings[0]?.message).toContain(`77, and ${DATASET}@1 is the one with 1`);
  });

  it.each([
    ['another snapshot', full({ name: '1', guid: 5n }, { guid: '6' }), 'has 6'],
    [
      'an incremental that is said to be full',
      full({ name: '1', guid: 5n, parentGuid: 4n }),
      'said to be full',
    ],
  ])('%s shows in the stream', async (_, object, expected) => {
    const result = await check(await createBucket({ 1: object }), { level: 2 });
    expect(
      of(result, '1')
        .findings.map(({ message }) => message)
        .join(),
    ).toContain(expected);
  });

  it('a stream that was cut before it was compressed is damaged, although the frame is whole', async () => {
    const stream = streamOf(DATASET, { name: '1', guid: 1n });
    const body = await collect(
      filters.find('zstd')?.encode(cutAt(stream.subarray(0, 9000), [1000])) ?? cutAt(stream, [1]),
    );
    const store = await createBucket({ 1: { body, metadata: { isfull: 'true', compressor: 'zstd' } } });
    expect(verdicts(await check(store))).toEqual(['1: ok']);
    const result = await check(store, { level: 2 });
    expect(of(result, '1').findings).toMatchObject([
      { kind: 'stream', message: expect.stringContaining('truncated') },
    ]);
  });

  it('what is no ZFS stream, or empty, is damaged', async () => {
    const store = await createBucket({
      1: { body: Buffer.alloc(0), metadata: { isfull: 'true' } },
      2: { body: Buffer.from('hello'), metadata: { isfull: 'true' } },
    });
    expect(verdicts(await check(store))).toEqual(['1: damaged', '2: ok']);
    expect(verdicts(await check(store, { level: 2 }))).toEqual(['1: damaged', '2: damaged']);
  });

  it('a filter that is not known here is no damage, and nobody knows more', async () => {
    const store = await createBucket({ 1: full({ name: '1', guid: 1n }, { compressor: 'lzx' }) });
    const result = await check(store, { level: 2 });
    expect(verdicts(result)).toEqual(['1: not verified']);
    expect(of(result, '1')).toMatchObject({ level: 1, notVerified: { code: 'UNKNOWN_FILTER' } });
  });
});

describe('records', () => {
  async function recordFile(folder: string, snapshot: string): Promise<string> {
    const below = join(folder, 'p', '.records', DATASET.split('/')[0] ?? '');
    const files = await readdir(below, { recursive: true, withFileTypes: true });
    const file = files.find((each) => each.isFile() && each.parentPath.endsWith(`@${snapshot}`));
    if (!file) throw new Error('no record');
    return join(file.parentPath, file.name);
  }

  it.each([
    ['torn', '{"version":1,'],
    ['of a newer version', '{"version":2}'],
  ])('that are %s leave what is possible', async (_, text) => {
    const { check, folder } = await createChain();
    await writeFile(await recordFile(folder, '1'), text);
    const result = await check({ level: 2 });
    expect(verdicts(result)).toEqual(FINE);
    expect(of(result, '1').notes[0]).toContain('torn, of a newer version');
  });

  it('that tell of another part are believed before the bytes', async () => {
    const { check, folder } = await createChain();
    const file = await recordFile(folder, '2');
    const record = JSON.parse(await readFile(file, 'utf8'));
    record.parts[1].crc32 = '00000000';
    await writeFile(file, JSON.stringify(record));
    const result = await check({ level: 2 });
    expect(of(result, '2').findings).toMatchObject([
      { kind: 'part', part: { number: 2, first: 3000, last: 5999 } },
    ]);
  });
});
