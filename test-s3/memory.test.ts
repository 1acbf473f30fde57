import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { makeTestKeys } from '../test/filters/test-keys.ts';
import { startFaultProxy } from './faults/fault-proxy.ts';
import { createCliStore } from './s3/cli-store.ts';
import { s3Server } from './s3.ts';
import { createTestFolder } from './test-folder.ts';

const PPUT = fileURLToPath(new URL('../bin/pput.js', import.meta.url));
const ZFS3BACKUP = fileURLToPath(new URL('../bin/zfs3backup.js', import.meta.url));
const MIB = 1024 ** 2;
const STREAM_BYTES = 640 * MIB;

/** What the program may need beside its part buffers: 140 MB. */
const BESIDE_BYTES = 140e6;

const closing: Array<() => unknown> = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** What bash does with the words of a command: it becomes the program, so that this is what is measured. */
const FROM_PIPE = `exec "$@" < <(head -c ${STREAM_BYTES} /dev/zero)`;
const WITHOUT = 'exec "$@" < /dev/null';

/** Stores a stream from a pipe by the real program; tells its peak of resident memory, in bytes. */
async function peakOf(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<number> {
  const words = [PPUT, 'zeros', '--quiet', ...args];
  return measure(FROM_PIPE, words, env, 'zeros', STREAM_BYTES);
}

/** Runs one of the programs, which stores an object under `key`. */
async function measure(
  line: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  key: string,
  leastBytes: number,
): Promise<number> {
  const { env: place, store } = await createCliStore();
  const child = spawn('bash', ['-c', line, 'bash', process.execPath, ...words], {
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
  expect((await store.head(key))?.bytes).toBeGreaterThanOrEqual(leastBytes);
  await store.remove(key);
  store.close();
  return peak;
}

/** A `zfs` whose only snapshot is a stream of bytes that do not compress. */
async function fakeZfs(): Promise<string> {
  const folder = await createTestFolder('memory');
  const [random, stream] = [join(folder, 'random'), join(folder, 'stream')];
  await promisify(execFile)('bash', ['-c', `head -c ${STREAM_BYTES} /dev/urandom > ${random}`]);
  const script = 'const [m, a, b] = process.argv.slice(1); (await import(m)).writeZfsStream(a, b);';
  const writer = fileURLToPath(new URL('../bench/zfs-stream.mjs', import.meta.url));
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, writer, random, stream]);
  await rm(random);
  const facts = { guid: 5, creation: 1_000_000, createtxg: 1, referenced: 1 };
  const lines = Object.entries(facts).map(([name, value]) => `bench/corpus@1\\t${name}\\t${value}\\n`);
  const zfs = `#!/bin/sh
case $1 in
'-?') printf '\\tsend [-nPw] <snapshot>\\n\\treceive [-su] <snapshot>\\n' ;;
get) printf 'bench/corpus\\twritten\\t0\\n${lines.join('')}' ;;
send) if [ "$2" = -nvP ]; then printf 'size\\t${STREAM_BYTES}\\n'; else exec cat ${stream}; fi ;;
esac
`;
  await writeFile(join(folder, 'zfs'), zfs, { mode: 0o755 });
  return folder;
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
  const folder = await createTestFolder('tls');
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

  it.each(['128M', '256M'])('with %s and a command that pput runs', async (budget) => {
    const args = ['--max-memory', budget, '--concurrency', '64'];
    const command = ['--', 'head', '-c', String(STREAM_BYTES), '/dev/zero'];
    const words = [PPUT, 'zeros', '--quiet', ...args, ...command];
    const peak = await measure(WITHOUT, words, {}, 'zeros', STREAM_BYTES);
    expect(peak).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
  });

  it('with 128M and a backup that is compressed, and encrypted', async () => {
    const PATH = [await fakeZfs(), process.env['PATH']].join(delimiter);
    const keys = await makeTestKeys();
    closing.push(keys.close);
    const args = ['--max-memory', '128M', '--concurrency', '64', '--quiet', '--snapshot-prefix', ''];
    const encryptions = [[], ['--encryptor', 'age', '--age-recipients', keys.recipient]];
    for (const encryption of encryptions) {
      const words = [ZFS3BACKUP, 'backup', '--dataset', 'bench/corpus', ...args, ...encryption];
      const peak = await measure(WITHOUT, words, { PATH }, 'zfs3backup-backup/bench/corpus@1', STREAM_BYTES);
      expect(peak).toBeLessThanOrEqual(sizeOf(args) + BESIDE_BYTES);
    }
  });
});
