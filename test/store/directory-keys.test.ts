import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOfNames, namesOfKey } from '../../src/store/directory-keys.ts';

describe('the path of a key', () => {
  it.each([
    ['zfs3backup-backup/tank/a@snap', 'zfs3backup-backup/tank/a@snap'],
    ['p/tank/a b:c+d@zfs-auto-snap:daily', 'p/tank/a b:c+d@zfs-auto-snap:daily'],
    ['../../etc/passwd', '%2E./%2E./etc/passwd'],
    ['./a', '%2E/a'],
    ['.zfs3backup/objects/x', '%2Ezfs3backup/objects/x'],
    ['p/.zfs3backup', 'p/.zfs3backup'],
    ['/a//b/', '%_/a/%_/b/%_'],
    ['100%', '100%25'],
    ['a\u0000b\n', 'a%00b%0A'],
  ])('%j is %j', (key, path) => {
    expect(namesOfKey(key).join('/')).toBe(path);
    expect(keyOfNames(path.split('/'))).toBe(key);
  });

  it('cuts a name that no file system takes, at a character', () => {
    const names = namesOfKey('日'.repeat(100));
    expect(names).toEqual([`${'日'.repeat(66)}%+`, '日'.repeat(34)]);
    expect(keyOfNames(names)).toBe('日'.repeat(100));
  });

  it.each(['50%', '%zz', '%2F', 'a/.', '..', 'long%+', '%41', 'a%+/b', '%'])(
    'is not %j: that file is somebody else’s',
    (path) => {
      const key = keyOfNames(path.split('/'));
      // A lone % behind a name is the store's own mark for a file beside a folder.
      expect(key).toBe(path === '50%' ? '50' : undefined);
    },
  );

  const segment = fc.oneof(
    fc.constantFrom('', '.', '..', '.zfs3backup', '%', '%_', '%+', 'a', 'a%', 'é'.repeat(150)),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const key = fc
    .array(segment, { minLength: 1, maxLength: 6 })
    .map((segments) => segments.join('/'))
    .filter((text) => text !== '' && !/\p{Surrogate}/u.test(text));

  it('leads back to the key, and stays below the root', () => {
    fc.assert(
      fc.property(key, (text) => {
        const names = namesOfKey(text);
        expect(keyOfNames(names)).toBe(text);
        expect(names[0]).not.toBe('.zfs3backup');
        for (const name of names) {
          expect(['', '.', '..']).not.toContain(name);
          expect(name).not.toMatch(/[/\0]/);
          expect(Buffer.byteLength(`${name}%.json`)).toBeLessThanOrEqual(255);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is another one for another key', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(namesOfKey(a).join('/') === namesOfKey(b).join('/')).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });
});
