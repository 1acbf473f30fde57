import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, 'rgw.sh');
const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph'];

/** The S3 server that the tests use. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For `radosgw-admin -c`. */
  readonly cephConfig: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    s3: S3Server;
  }
}

/**
 * Starts a Ceph RGW for the whole run. `ZFS3BACKUP_TEST_S3` names the folder of one that runs already
 * (`test-s3/setup/rgw.sh start FOLDER PORT`), which saves the 14 seconds while working on a test.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const running = process.env['ZFS3BACKUP_TEST_S3'];
  if (running !== undefined) {
    project.provide('s3', await readServer(running));
    return undefined;
  }
  await assertInstalled();
  const folder = await mkdtemp(join(tmpdir(), 'zfs3backup-rgw-'));
  await startServer(folder, await findFreePort());
  project.provide('s3', await readServer(folder));
  return async () => {
    await run(SCRIPT, ['stop', folder]);
  };
}

async function startServer(folder: string, port: number): Promise<void> {
  try {
    await run(SCRIPT, ['start', folder, String(port), String(process.pid)], { timeout: 240_000 });
  } catch (error) {
    const log = await readFile(join(folder, 'log', 'start.log'), 'utf8').catch(() => '');
    await run(SCRIPT, ['stop', folder]);
    throw new Error(`the S3 server for the tests did not start:\n${log.slice(-2000)}`, { cause: error });
  }
}

async function readServer(folder: string): Promise<S3Server> {
  const text = await readFile(join(folder, 'server.json'), 'utf8');
  return { ...(JSON.parse(text) as Omit<S3Server, 'cephConfig'>), cephConfig: join(folder, 'ceph.conf') };
}

async function assertInstalled(): Promise<void> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing: string[] = [];
  for (const program of PROGRAMS) {
    const found = folders.map((folder) => access(join(folder, program), constants.X_OK));
    await Promise.any(found).catch(() => missing.push(program));
  }
  if (missing.length === 0) return;
  throw new Error(
    `these tests need a real S3 server, of which these programs are missing: ${missing.join(', ')}\n` +
      '  apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd',
  );
}

/** A port with its two neighbours, below the range from which outgoing connections are given. */
async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = 20_000 + 3 * Math.floor(Math.random() * 3000);
    const free = await Promise.all([port, port + 1, port + 2].map(isFree));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no three free ports in a row between 20000 and 29000');
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
