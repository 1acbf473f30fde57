/** What the benchmark needs on this machine: programs, the compiled C files, a certificate, running servers. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HERE = import.meta.dirname;
export const CACHE = join(HERE, '..', '.cache', 'bench');

/** Installs and compiles what is missing. */
export function prepare() {
  execFileSync(join(HERE, '..', 'scripts', 'setup.sh'), ['npm', 'build', 'bench'], { stdio: 'inherit' });
  mkdirSync(CACHE, { recursive: true });
  compile('discard-server', ['discard-server.c', 'discard-store.c'], ['-lssl', '-lcrypto', '-lpthread']);
  compile('measure', ['measure.c'], ['-lpthread']);
}

function compile(name, sources, libraries) {
  const files = sources.map((source) => join(HERE, source));
  const program = join(CACHE, name);
  const builtAt = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const headers = [join(HERE, 'discard-server.h')];
  if ([...files, ...headers].every((file) => statSync(file).mtimeMs < builtAt)) return;
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-o', program, ...files, ...libraries], {
    stdio: 'inherit',
  });
}

/** Ceph's gateway, as the tests have it; `close()` ends it. */
export function startGateway() {
  execFileSync(join(HERE, '..', 'scripts', 'setup.sh'), ['s3'], { stdio: 'inherit' });
  const script = join(HERE, '..', 'test-s3', 'setup', 'rgw.sh');
  const folder = mkdtempSync(join(tmpdir(), 'bench-rgw-'));
  const args = ['start', folder, '9290', String(process.pid)];
  const started = execFileSync(script, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const { endpoint, accessKeyId, secretAccessKey } = JSON.parse(started);
  const credentials = { accessKeyId, secretAccessKey };
  return { endpoint, credentials, close: () => execFileSync(script, ['stop', folder]) };
}

/** Servers that discard, over http and https; `close()` ends them. */
export async function startServers({ latencyMs = 0 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const certificate = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  makeCertificate(certificate, key);
  const latency = ['--latency-ms', String(latencyMs)];
  const http = await startServer('http', latency);
  const https = await startServer('https', ['--tls', certificate, key, ...latency]);
  return {
    certificate,
    servers: [http, https],
    close: () => {
      http.process.kill();
      https.process.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

function makeCertificate(certificate, key) {
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const rest = ['-subj', '/CN=localhost', '-addext', names, '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', ...kind, ...rest], { stdio: 'ignore' });
}

async function startServer(protocol, args) {
  const port = await freePort();
  const process = spawn(join(CACHE, 'discard-server'), [String(port), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(process.stdout, 'data'),
    once(process, 'exit').then(() => Promise.reject(new Error('the server did not start'))),
  ]);
  const url = `${protocol}://127.0.0.1:${port}`;
  return { protocol, url, process, stats: () => readStats(url) };
}

/** Requests since the last look, and the server's CPU seconds since it started. */
async function readStats(url) {
  const get = url.startsWith('https') ? httpsGet : httpGet;
  const [response] = await once(
    get(`${url}/_stats`, { rejectUnauthorized: false, agent: false }),
    'response',
  );
  let text = '';
  for await (const chunk of response) text += chunk;
  return JSON.parse(text);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
