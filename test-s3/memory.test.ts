import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { startFaultProxy } from './faults/fault-proxy.ts';
import { createCliStore } from './s3/cli-store.ts';
import { s3Server } from './s3.ts';

const PPUT = fileURLToPath(new URL('../bin/pput.js', import.meta.url));
const MIB = 1024 ** 2;
const STREAM_BYTES = 640 * MIB;

/** What the program may need beside its part buffers: 140 MB. */
const BESIDE_BYTES = 140e6;

const closing: Array<() => unknown> = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** Stores a stream from a pipe by the real program; tells its peak of resident memory, in bytes. */
async function peakOf(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<number> {
  const { env: place, store } = await createCliStore();
  const line = `exec "$@" < <(head -c ${STREAM_BYTES} /dev/zero)`;
  const words = [process.execPath, PPUT, 'zeros', '--quiet', ...args];
  const child = spawn('bash', ['-c', line, 'bash', ...words], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', SKIP_CONFIG_FILE: 'true', ...place, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = text(child.stderr);
  let peak = 0;
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  }, 20);
  const [code] = await once(child, 'close');
  clearInterval(look);
  expect([code, await said]).toEqual([0, '']);
  expect(await store.head('zeros')).toMatchObject({ bytes: STREAM_BYTES });
  await store.remove('zeros');
  store.close();
  return peak;
}

function sizeOf(args: readonly string[]): number {
  return MIB * Number.parseInt(args[args.indexOf('--max-memory') + 1] ?? '', 10);
}

/** The same server behind a proxy that lets each part wait, before it takes any byte of it. */
async function startSlowServer(): Promise<string> {
  const proxy = await startFaultProxy(s3Server().endpoint);
  proxy.inject({ kind: 'part', times: Number.POSITIVE_INFINITY }, async ({ readBody, ask, reply }) => {
    await wait(500);
    reply(await ask(await readBody()));
  });
  closing.push(proxy.close);
  return proxy.endpoint;
}

/** The same server behind TLS. */
async function startSecureServer(): Promise<{ readonly endpoint: string; readonly certificate: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'z3b-tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  await promisify(execFile)('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', certificate]);
  const { hostname, port } = new URL(s3Server().endpoint);
  const server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (socket) => {
    const behind = connect(Number(port), hostname);
    for (const [one, other] of [[socket, behind] as const, [behind, socket] as const]) {
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return { endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate };
}

describe('the peak of resident memory is the budget and 140 MB at most', () => {
  it.each(['128M', '256M', '512M'])('with %s and as many parts in flight as fit', async (budget) => {
    const args = ['--max-memory', budget, '--concurrency', '64'];
    expect(await peakOf({}, ...args)).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
  });

  it.each(['128M', '256M', '512M'])('with %s against a slow store', async (budget) => {
    const args = ['--max-memory', budget, '--concurrency', '64'];
    const peak = await peakOf({ ENDPOINT: await startSlowServer() }, ...args);
    expect(peak).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
    // The budget is there to be used.
    expect(peak).toBeGreaterThan(sizeOf(args));
  });

  it('with 256M and a part that takes all of it', async () => {
    const args = ['--max-memory', '256M', '--chunk-size', '256M'];
    expect(await peakOf({}, ...args)).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
  });

  it('with 256M and parts that grow from 16 MiB to all of it', async () => {
    const args = ['--max-memory', '256M'];
    const peak = await peakOf({ ZFS3BACKUP_S3_MAX_PARTS: '12' }, ...args);
    expect(peak).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
    expect(peak).toBeGreaterThan(sizeOf(args));
  });

  it('with 256M over https, where Node encrypts what it is given at once', async () => {
    const { endpoint, certificate } = await startSecureServer();
    const args = ['--max-memory', '256M', '--chunk-size', '128M'];
    const peak = await peakOf({ ENDPOINT: endpoint, NODE_EXTRA_CA_CERTS: certificate }, ...args);
    expect(peak).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
  });
});
