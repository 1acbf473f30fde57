import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backupKey, datasetPrefix, parseBackupKey } from '../../src/lineage/key.ts';

const PREFIX = 'zfs3backup-backup/';

const namePart = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.: %+-]{0,20}$/);
const dataset = fc.array(namePart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('keys', () => {
  it('are what z3 wrote', () => {
    expect(backupKey(PREFIX, 'tank/a', 'zfs-auto-snap:daily-2026-01-01-0000')).toBe(
      'zfs3backup-backup/tank/a@zfs-auto-snap:daily-2026-01-01-0000',
    );
  });

  it('come back as the names they were made of', () => {
    fc.assert(
      fc.property(dataset, namePart, (name, snapshot) => {
        expect(parseBackupKey(PREFIX, backupKey(PREFIX, name, snapshot))).toEqual({
          dataset: name,
          snapshot,
        });
      }),
    );
  });

  it.each([
    ['tank', 'a'],
    ['tank/my data', 'with space'],
    ['tank/a+b', '100%'],
    ['tank/a.b-c_d:e', '-starts-with-hyphen'],
    ['tank/-x', '.hidden'],
    ['tank/Ünï', 'ß'],
  ])('%s@%s is a name', (name, snapshot) => {
    expect(parseBackupKey(PREFIX, `${PREFIX}${name}@${snapshot}`)).toEqual({ dataset: name, snapshot });
  });

  it('of one dataset are listed without those of another whose name begins alike', () => {
    expect(backupKey(PREFIX, 'tank/a', 'x').startsWith(datasetPrefix(PREFIX, 'tank/a'))).toBe(true);
    expect(backupKey(PREFIX, 'tank/ab', 'x').startsWith(datasetPrefix(PREFIX, 'tank/a'))).toBe(false);
    expect(backupKey(PREFIX, 'tank/a/b', 'x').startsWith(datasetPrefix(PREFIX, 'tank/a'))).toBe(false);
  });
});

describe('foreign and hostile keys', () => {
  it.each([
    'tank/a',
    '',
    '@',
    'tank/a@',
    '@x',
    'tank/a@x@y',
    'tank/a@x/y',
    'tank//a@x',
    '/tank@x',
    'tank/@x',
    '../tank@x',
    'tank/../etc@x',
    'tank/.@x',
    '..@x',
    'tank@..',
    'tank@.',
    '-rf@x',
    '.records/tank@x',
    'tank\\a@x',
    'tank/a\n@x',
    'tank/a@x\n',
    'tank/a@\u001b[31mred',
    'tank/a@x\u0000y',
    'tank/a@\u202egnp.x',
    'tank/a@\u2028',
    'tank/a@\ud800',
    ' @x',
    'tank/ @x',
    'tank/a@ ',
    `tank/a@${'x'.repeat(1024)}`,
  ])('%j is no backup', (rest) => {
    expect(parseBackupKey(PREFIX, PREFIX + rest)).toBeUndefined();
  });

  it('outside the prefix are no backups', () => {
    expect(parseBackupKey(PREFIX, 'tank/a@x')).toBeUndefined();
    expect(parseBackupKey(PREFIX, 'other/tank/a@x')).toBeUndefined();
    expect(parseBackupKey(PREFIX, 'zfs3backup-backup')).toBeUndefined();
  });

  it('never throw, and never yield a name that could do harm', () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc
        .array(fc.constantFrom('tank', '/', '@', '..', '.', '-', '\n', '\0', 'x', ' '))
        .map((p) => p.join('')),
    );
    fc.assert(
      fc.property(key, (rest) => {
        const name = parseBackupKey(PREFIX, PREFIX + rest);
        if (name === undefined) return;
        const { dataset: path, snapshot } = name;
        expect(`${path}@${snapshot}`).toBe(rest);
        expect(path).not.toMatch(/^[-./]|@|\/\/|(^|\/)\.\.?(\/|$)|\/$|\p{Cc}/u);
        expect(snapshot).not.toMatch(/[@/\p{Cc}]/u);
        expect([path, snapshot]).not.toContain('');
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['tank/a', ''],
    ['', 'x'],
    ['tank/a@b', 'x'],
    ['tank/a', 'x@y'],
    ['tank/..', 'x'],
    ['tank/a', `${'x'.repeat(1100)}`],
    ['tank', 'x\n'],
  ])('are not made of %j and %j', (name, snapshot) => {
    expect(() => backupKey(PREFIX, name, snapshot)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
