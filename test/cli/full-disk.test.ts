import { EventEmitter } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { runGet, runPput, runZfs3backup } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { temporaryFolder } from '../stream/fixtures.ts';

/** A file on a full disk. */
function createFullFile(): Writable {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  return new Writable({ write: (_chunk, _encoding, done) => done(error) });
}

async function run(program: typeof runPput, argv: readonly string[], full: 'stdout' | 'stderr') {
  const other = new PassThrough();
  const streams = { stdout: other, stderr: other, [full]: createFullFile() };
  const io = {
    ...streams,
    argv,
    env: { SKIP_CONFIG_FILE: 'true' },
    stdin: Readable.from(['x']),
    signals: new EventEmitter(),
  };
  return { status: await program(io), said: String(other.read() ?? '') };
}

it.each([
  [['--nonsense'], 2],
  [[], 2],
  [['status', '--store', 'file:///nonexistent/store'], 4],
])('the exit status of %j is told where the log is full', async (argv, status) => {
  expect(await run(runZfs3backup, argv, 'stderr')).toMatchObject({ status });
});

it.each(['stdout', 'stderr'])('a program ends at SIGTERM, although nobody reads its %s', async (stalled) => {
  const folder = await temporaryFolder();
  await createDirectoryStore({ path: folder, prefix: '' }).put('key', Buffer.from('the bytes'));
  const signals = new EventEmitter();
  const said = new PassThrough();
  const nobody = new Writable({ write: () => setImmediate(() => signals.emit('SIGTERM')) });
  const io = {
    ...{ stdout: nobody, stderr: stalled === 'stderr' ? nobody : said, signals, stdin: Readable.from([]) },
    argv: ['key', '--store', `file://${folder}`],
    env: { SKIP_CONFIG_FILE: 'true' },
  };
  expect(await runGet(io)).toBe(143);
  expect(said.read()?.toString()).toBe(
    stalled === 'stderr' ? undefined : 'zfs3backup_get: interrupted by SIGTERM\n',
  );
});

it('a result that cannot be written is told as that', async () => {
  const folder = await temporaryFolder();
  const { status, said } = await run(runPput, ['key', '--quiet', '--store', `file://${folder}`], 'stdout');
  expect(status).toBe(1);
  expect(said).toContain('the result cannot be written to stdout: ENOSPC');
});
