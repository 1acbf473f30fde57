import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNote, encodeNote, noteKey, type UploadNote } from '../../src/transfer/upload-note.ts';
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
    expect(decodeNote(encodeNote(note), note)).toEqual(note);
  });

  it('stands under the prefix, where no backup can be, one for each upload', () => {
    expect(noteKey('p/', note)).toMatch(/^p\/\.uploads\/[0-9a-f]{32}-[0-9a-f]{16}\.json$/);
    expect(noteKey('p/', note)).not.toBe(noteKey('p/', { ...note, uploadId: '2~abd' }));
  });

  it('counts as none when it is of another upload, of a newer version, or torn anywhere', () => {
    const body = Buffer.from(encodeNote(note));
    expect(decodeNote(body, { ...note, uploadId: 'other' })).toBeUndefined();
    expect(decodeNote(body, { ...note, key: 'other' })).toBeUndefined();
    expect(
      decodeNote(Buffer.from(body.toString().replace('"version": 1', '"version": 2')), note),
    ).toBeUndefined();
    for (let end = 0; end < body.byteLength - 1; end++)
      expect(decodeNote(body.subarray(0, end), note)).toBeUndefined();
  });

  it('never throws on anything', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        decodeNote(Buffer.from(text), note);
      }),
    );
    const damaged = fc.dictionary(
      fc.constantFrom('version', 'key', 'uploadId', 'metadata', 'schedule', 'writer'),
      fc.oneof(fc.constant(1), fc.jsonValue()),
    );
    fc.assert(
      fc.property(damaged, (fields) => {
        decodeNote(Buffer.from(JSON.stringify({ version: 1, ...note, ...fields })), note);
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
