import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CleanupItem,
  type CleanupRequest,
  planCleanup,
  type WriterState,
} from '../../src/lineage/plan-cleanup.ts';

const HOUR = 3600;
const NOW = 1000;
const at = (hour: number) => new Date(hour * HOUR * 1000);

/**
 * `uploads: KEY#ID~HOUR[+HOUR of the last part][!alive|!dead|!hidden] | notes: NAME=KEY#ID~HOUR[!…] or NAME=?~HOUR | records:
 * NAME~HOUR | files: NAME~HOUR | older than HOURS → what is dropped`, at hour 1000. A key that begins with `/` is not under
 * the prefix.
 */
function parse(asked: string): CleanupRequest {
  const parts = asked.split('|').map((part) => part.trim());
  const words = (title: string) =>
    parts
      .filter((part) => part.startsWith(`${title}:`))
      .flatMap((part) =>
        part
          .slice(title.length + 1)
          .trim()
          .split(/\s+/),
      );
  const prefix = parts.includes('at the root') ? '' : 'p/';
  const writerOf = (word = '') => (word === '' || word === 'hidden' ? 'unknown' : word) as WriterState;
  const keyOf = (word: string) => (word.startsWith('/') ? word.slice(1) : prefix + word);
  return {
    prefix,
    uploads: words('uploads').map((word) => {
      const [, key = '', uploadId = '', hour, last, writer] =
        /^([^#]+)#(\w+)~(\d+)(?:\+(\d+))?(?:!(\w+))?$/.exec(word) ?? [];
      return {
        key: keyOf(key),
        uploadId,
        startedAt: at(Number(hour)),
        lastPartAt: last === undefined ? undefined : at(Number(last)),
        writer: writerOf(writer),
        isHidden: writer === 'hidden',
      };
    }),
    notes: words('notes').map((word) => {
      const [, noteKey = '', key, uploadId, hour, writer] =
        /^(\w+)=(?:\?|([^#~]+)(?:#(\w+))?)~(\d+)(?:!(\w+))?$/.exec(word) ?? [];
      return {
        noteKey,
        key: key === undefined ? undefined : keyOf(key),
        uploadId,
        modifiedAt: at(Number(hour)),
        writer: writerOf(writer),
        isHidden: writer === 'hidden',
      };
    }),
    records: words('records').map(orphan),
    files: words('files').map(orphan),
    now: at(NOW),
    olderThan: Number(/older than (\d+)/.exec(asked)?.[1] ?? 168) * HOUR,
  };
}

function orphan(word: string) {
  const [name = '', hour] = word.split('~');
  return { name, bytes: 1, modifiedAt: at(Number(hour)) };
}

const dropped = (items: readonly CleanupItem[]) =>
  items
    .filter(({ action }) => action === 'drop')
    .map(({ name, uploadId }) => (uploadId === undefined ? name : `${name}#${uploadId}`))
    .join(' ') || 'nothing';

describe('cleaning up', () => {
  it.each([
    'uploads: a@1#x~1 → p/a@1#x',
    'uploads: a@1#x~999 → nothing',
    'uploads: a@1#x~832 → p/a@1#x',
    'uploads: a@1#x~833 → nothing',
    'uploads: a@1#x~990 | older than 10 → p/a@1#x',
    'uploads: a@1#x~1+999 → nothing',
    'uploads: a@1#x~1+2 → p/a@1#x',
    'uploads: a@1#x~1!alive → nothing',
    'uploads: a@1#x~1!dead → p/a@1#x',
    'uploads: a@1#x~999!dead → nothing',
    'uploads: a@1#x~1 a@1#y~999 → p/a@1#x',
    'uploads: photos/1.jpg#x~1 → p/photos/1.jpg#x',
    'uploads: photos/1.jpg#x~1 tank/a@1#y~1 | at the root → tank/a@1#y',
    'uploads: a@1#x~1 | notes: n=a@1#x~1 → p/a@1#x n',
    'uploads: a@1#x~1!alive | notes: n=a@1#x~1!alive → nothing',
    'uploads: a@1#x~999!dead | notes: n=a@1#x~1!dead → nothing',
    'uploads: a@1#x~999 | notes: n=a@1~1!dead → nothing',
    'notes: n=a@1#x~999!dead → n',
    'notes: n=a@1#x~999 → nothing',
    'notes: n=a@1#x~1 → n',
    'notes: n=a@1~1!alive → nothing',
    'notes: n=?~1 m=?~999 → n',
    'uploads: a@1#x~1 a@1#y~999 | notes: n=a@1#y~1 m=a@1#x~999 → p/a@1#x m',
    'uploads: /manual/keep#x~999!dead | notes: n=/manual/keep#x~999!dead → nothing',
    'uploads: /manual/keep#x~1!dead | notes: n=/manual/keep#x~1!dead → manual/keep#x n',
    'uploads: /manual/keep#x~1!hidden | notes: n=/manual/keep#x~1!dead → nothing',
    'notes: n=/manual/keep#x~1!hidden → nothing',
    'uploads: photos/1.jpg#x~1 dump#y~1 | notes: n=dump#y~1 | at the root → dump#y n',
    'records: r~1 s~999 | files: f~1 g~999 → r f',
    'uploads: a@1#x~1001 → nothing',
  ])('%s', (line) => {
    const [asked = '', expected = ''] = line.split('→');
    expect(dropped(planCleanup(parse(asked)))).toBe(expected.trim());
  });

  it('says why', () => {
    const items = planCleanup(
      parse('uploads: a@1#x~1 a@2#y~999 a@3#z~1!alive | notes: n=a@2#y~999 | records: r~1'),
    );
    expect(items.map(({ reason }) => reason)).toEqual([
      'nothing more has come, 41 days old',
      '1 hour old: too young',
      'its writer is at it',
      'its upload is left',
      'its backup is gone, 41 days old',
    ]);
  });

  it('leaves alone what has no time that makes sense', () => {
    const [item] = planCleanup({ ...parse('records: r~1'), now: new Date(Number.NaN) });
    expect(item).toMatchObject({ action: 'leave', reason: 'of an unknown age: too young' });
  });

  it('never drops what is young, nor what somebody is at, nor the note of an upload that stays', () => {
    const hour = fc.integer({ min: 0, max: 1100 });
    const writer = fc.constantFrom<WriterState>('alive', 'dead', 'unknown');
    const key = fc.constantFrom('p/a@1', 'p/a@2', 'p/b@1');
    const id = fc.constantFrom('x', 'y', 'z');
    const request = fc.record({
      uploads: fc.array(
        fc.record({
          key,
          uploadId: id,
          startedAt: hour.map(at),
          lastPartAt: fc.option(hour.map(at), { nil: undefined }),
          writer,
        }),
        { maxLength: 5 },
      ),
      notes: fc.array(
        fc.record({
          noteKey: fc.constantFrom('n', 'm', 'o'),
          modifiedAt: hour.map(at),
          key: fc.option(key, { nil: undefined }),
          uploadId: fc.option(id, { nil: undefined }),
          writer,
        }),
        { maxLength: 5 },
      ),
      olderThan: fc.integer({ min: 0, max: 500 * HOUR }),
    });
    fc.assert(
      fc.property(request, (asked) => {
        const items = planCleanup({ ...asked, prefix: 'p/', records: [], files: [], now: at(NOW) });
        expect(items).toHaveLength(asked.uploads.length + asked.notes.length);
        asked.uploads.forEach(({ startedAt, lastPartAt, writer: state }, index) => {
          const newest = Math.max(startedAt.getTime(), lastPartAt?.getTime() ?? 0);
          const isYoung = at(NOW).getTime() - newest < asked.olderThan * 1000;
          if (isYoung || state === 'alive') expect(items[index]?.action).toBe('leave');
        });
        const left = items.filter(({ what, action }) => what === 'upload' && action === 'leave');
        asked.notes.forEach((note, index) => {
          if (!left.some(({ uploadId }) => note.key !== undefined && uploadId === note.uploadId)) return;
          expect(items[asked.uploads.length + index]?.action).toBe('leave');
        });
      }),
    );
  });
});
