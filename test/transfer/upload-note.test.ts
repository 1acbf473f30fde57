import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNoteKey, decodeNote, encodeNote, type UploadNote } from '../../src/transfer/upload-note.ts';
import { readIsAlive, readWriter } from '../../src/transfer/writer.ts';

const note: UploadNote = {
  key: 'zfs3backup-backup/tank/a@1',
  uploadId: '2~abc',
  metadata: { isfull: 'true', guid: '12' },
  schedule: [
    { firstPart: 1, bytes: 5_242_880 },
    { firstPart: 100, bytes: 10_485_760 },
  ],
  writer: { host: 'here', boot: 'b', pid: 12, started: '99' },
};

describe('a note of an open upload', () => {
  it('comes back as it was written', () => {
    expect(decodeNote(encodeNote(note), note.key)).toEqual(note);
  });

  it('may stand without an ID, until the upload is started', () => {
    const before = { ...note, uploadId: undefined };
    expect(decodeNote(encodeNote(before), note.key)).toEqual(before);
  });

  it('stands under the prefix, where no backup can be, one for each run', () => {
    const one = createNoteKey('p/', note.key);
    expect(one).toMatch(/^p\/\.uploads\/[0-9a-f]{32}-[0-9a-f]{16}\.json$/);
    const other = createNoteKey('p/', note.key);
    expect(other).not.toBe(one);
    expect(other.slice(0, 43)).toBe(one.slice(0, 43));
  });

  it('counts as none when it is of another key, of a newer version, or torn anywhere', () => {
    const body = Buffer.from(encodeNote(note));
    expect(decodeNote(body, 'other')).toBeUndefined();
    expect(
      decodeNote(Buffer.from(body.toString().replace('"version": 1', '"version": 2')), note.key),
    ).toBeUndefined();
    for (let end = 0; end < body.byteLength - 1; end++)
      expect(decodeNote(body.subarray(0, end), note.key)).toBeUndefined();
  });

  it('never throws on anything', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        decodeNote(Buffer.from(text), note.key);
      }),
    );
    const damaged = fc.dictionary(
      fc.constantFrom('version', 'key', 'uploadId', 'metadata', 'schedule', 'writer'),
      fc.oneof(fc.constant(1), fc.jsonValue()),
    );
    fc.assert(
      fc.property(damaged, (fields) => {
        decodeNote(Buffer.from(JSON.stringify({ version: 1, ...note, ...fields })), note.key);
      }),
    );
  });
});

describe('the writer of an upload', () => {
  it('is known to be alive or dead on this machine, and unknown on another', async () => {
    const writer = await readWriter();
    expect(await readIsAlive(writer)).toBe(true);
    expect(await readIsAlive({ ...writer, started: '1' })).toBe(false);
    expect(await readIsAlive({ ...writer, pid: 4_194_303 })).toBe(false);
    expect(await readIsAlive({ ...writer, boot: 'before the reboot' })).toBe(false);
    expect(await readIsAlive({ ...writer, host: 'another' })).toBeUndefined();
  });
});
