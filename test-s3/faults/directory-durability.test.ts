import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestFolder } from '../test-folder.ts';

const run = promisify(execFile);
const STORE = new URL('../../dist/store/directory-store.js', import.meta.url).href;
const KEY = 'p/tank/a@1';

/** What a power cut could come between; links and renames by any of their system calls. */
const CALLS = 'fsync,fdatasync,rename,renameat,renameat2,link,linkat';

/** Writes KEY into the store of argv[2] as argv[3] says. */
const PROGRAM = `
import { createDirectoryStore } from ${JSON.stringify(STORE)};
const [path, how] = process.argv.slice(2);
const store = createDirectoryStore({ path, prefix: 'p/' });
const ifAbsent = how.endsWith('if absent');
const body = Buffer.alloc(100_000, 1);
try {
  if (how.startsWith('put')) {
    await store.put(${JSON.stringify(KEY)}, body, { metadata: { a: '1' }, ifAbsent });
  } else {
    const upload = await store.startUpload(${JSON.stringify(KEY)}, { metadata: { a: '1' } });
    const parts = [await upload.putPart(1, body), await upload.putPart(2, body)];
    await upload.complete(parts, { ifAbsent });
  }
  console.log('stored');
} catch (error) {
  console.log(error.code, error.status);
}
`;

let folder: string;
let root: string;
beforeAll(async () => {
  folder = await createTestFolder('durability');
  await writeFile(join(folder, 'program.mjs'), PROGRAM);
});

async function freshRoot(how: string): Promise<string> {
  const path = join(folder, how.replaceAll(' ', '-'));
  await mkdir(path);
  return path;
}

/** Runs the program; the system calls that succeeded, as they were done, with paths below the root. */
async function trace(how: string, inject: readonly string[] = []) {
  const log = join(folder, 'strace.log');
  const flags = ['-f', '-y', '-z', '-s', '4096', '-o', log, '-e', `trace=${CALLS}`, ...inject];
  const argv = [process.execPath, join(folder, 'program.mjs'), root, how];
  const { stdout } = await run('strace', [...flags, ...argv], {
    env: { ...process.env, UV_USE_IO_URING: '0' },
  });
  const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes(root));
  return { said: stdout.trim(), calls: lines.map((line) => line.replaceAll(root, '').replace(/^\d+ +/, '')) };
}

const indexOf = (calls: readonly string[], pattern: RegExp, from = 0) =>
  calls.findIndex((call, n) => n >= from && pattern.test(call));

/** Where it is done, which must be behind `from`. */
function expectCall(calls: readonly string[], pattern: RegExp, from: number): number {
  const at = indexOf(calls, pattern, from);
  expect(at, `${pattern} behind call ${from} of:\n${calls.join('\n')}`).toBeGreaterThanOrEqual(from);
  return at;
}

const APPEARS = /^(rename|link)\w*\(.*"\/p\/tank\/a@1"/;
const SIDE_APPEARS = /^rename\w*\(.*"\/\.zfs3backup\/objects\/p\/tank\/a@1%\./;

describe.each(['put', 'put if absent', 'upload', 'upload if absent'])('a directory store, by %s', (how) => {
  it('has all of an object on the disk before its name appears, and then the name', async () => {
    root = await freshRoot(how);
    const { said, calls } = await trace(how);
    expect(said).toBe('stored');
    const appears = expectCall(calls, APPEARS, 0);
    const before = calls.slice(0, appears);
    const data = how.startsWith('put') ? /^fsync\(\d+<\/\.zfs3backup\/temp\// : /^fsync\(\d+<.*\/body>/;
    const synced = expectCall(before, data, 0);
    const sideSynced = expectCall(before, /^fsync\(\d+<\/\.zfs3backup\/temp\//, synced + 1);
    const side = expectCall(before, SIDE_APPEARS, sideSynced);
    expectCall(before, /^fsync\(\d+<\/\.zfs3backup\/objects\/p\/tank>/, side);
    for (const name of ['', '/p']) expectCall(before, new RegExp(`^fsync\\(\\d+<${name}>`), 0);
    expectCall(calls, /^fsync\(\d+<\/p\/tank>/, appears);
  });
});

describe('a directory store', () => {
  it('has each part on the disk before it counts as stored', async () => {
    root = await freshRoot('parts');
    const { calls } = await trace('upload');
    let at = 0;
    for (const part of ['part_00001', 'part_00002']) {
      const data = expectCall(calls, /^f(data)?sync\(\d+<.*\/body>/, at);
      at = expectCall(calls, new RegExp(`^rename\\w*\\(.*/${part}_`), data);
      at = expectCall(calls, /^fsync\(\d+<\/\.zfs3backup\/uploads\/[^/]*>/, at);
      // The data of one part is not taken for that of the next.
      expect(indexOf(calls.slice(0, data), new RegExp(`/${part}_`))).toBe(-1);
    }
  });

  it.each(['put if absent', 'upload if absent'])('needs no hard links for %s', async (how) => {
    root = await freshRoot(`linkless ${how}`);
    const inject = ['-e', 'inject=link,linkat:error=EPERM'];
    const first = await trace(how, inject);
    expect(first.said).toBe('stored');
    expect(first.calls.join('\n')).not.toContain('link');
    const { ino } = await stat(join(root, KEY));
    expect((await trace(how, inject)).said).toBe('MISMATCH 412');
    expect((await stat(join(root, KEY))).ino).toBe(ino);
    expect(await readdir(join(root, '.zfs3backup', 'temp'))).toEqual([]);
  });
});
