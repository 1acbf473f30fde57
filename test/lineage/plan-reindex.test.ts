import { describe, expect, it } from 'vitest';
import { planReindex } from '../../src/lineage/plan-reindex.ts';
import { parseRecordKey, recordKey } from '../../src/lineage/record-key.ts';
import { PREFIX, parseBackup } from './situation.ts';

const AT = `${PREFIX}.records/tank/a@`;
const ask = (request: Partial<Parameters<typeof planReindex>[0]>) =>
  planReindex({
    prefix: PREFIX,
    backups: [],
    superseded: [],
    stale: false,
    tool: 'zfs3backup 0',
    ...request,
  });

describe('what reindex does', () => {
  it('is to make a record of each backup that has none, from what its metadata says', () => {
    const backups = [parseBackup('b,2<a,1'), { ...parseBackup('a,1(full)'), recordKey: 'r' }];
    const { steps, stale, tooLong } = ask({ backups });
    expect([stale, tooLong]).toEqual([[], []]);
    expect(steps).toMatchObject([
      { do: 'write', name: 'tank/a@b', key: `${AT}b/1,i,g2,b1,t100,m2048,ee,czstd,pa` },
    ]);
    const [step] = steps;
    expect(step?.do === 'write' && step.record).toMatchObject({
      ...{ key: `${PREFIX}tank/a@b`, kind: 'incremental', parent: 'a', guid: '2', parentGuid: '1' },
      ...{ compressor: 'zstd', filters: [{ name: 'zstd', version: null }], storedBytes: 100, etag: 'e' },
      ...{ estimate: 2048, streamBytes: null, parts: [], tool: 'zfs3backup 0', madeBy: 'reindex' },
    });
  });

  it('makes keys that tell the very backup again', () => {
    for (const word of [
      'a(full)',
      'b<a',
      'c<?',
      'd,4<other/ds@x,3',
      'e(full){encryptor=gpg}{compressor=pigz4}',
    ]) {
      const backup = parseBackup(word);
      const [step] = ask({ backups: [backup] }).steps;
      const record = parseRecordKey(PREFIX, step?.key ?? '');
      expect(record?.facts && recordKey(PREFIX, record, record.facts)).toBe(step?.key);
      expect(record?.facts).toMatchObject({
        parent: backup.parent ?? null,
        encryptor: backup.encryptor ?? null,
        compressor: backup.compressor ?? null,
      });
    }
  });

  it('leaves a record of another object, unless told; then the new one comes first', () => {
    const backups = [{ ...parseBackup('a(full)'), staleRecordKey: `${AT}a/1,f,t5` }];
    expect(ask({ backups })).toEqual({ steps: [], stale: ['tank/a@a'], tooLong: [] });
    const { steps, stale } = ask({ backups, stale: true });
    expect(stale).toEqual([]);
    expect(steps.map((step) => [step.do, step.key])).toEqual([
      ['write', `${AT}a/1,f,t100,m2048,ee,czstd`],
      ['remove', `${AT}a/1,f,t5`],
    ]);
  });

  it('removes what a better record stands beside', () => {
    const superseded = [{ dataset: 'tank/a', snapshot: 'a', key: `${AT}a/1,f,t5`, facts: undefined }];
    expect(ask({ superseded }).steps).toEqual([{ do: 'remove', name: 'tank/a@a', key: `${AT}a/1,f,t5` }]);
  });

  it('names the backups whose keys leave no room', () => {
    const name = 'x'.repeat(1024 - `${PREFIX}tank/a@`.length);
    expect(ask({ backups: [parseBackup(`${name}(full)`)] })).toEqual({
      steps: [],
      stale: [],
      tooLong: [`tank/a@${name}`],
    });
  });
});
