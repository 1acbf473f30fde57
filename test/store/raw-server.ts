import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface RawServer {
  readonly port: number;
  /** Every connection so far, in order. */
  readonly sockets: readonly Socket[];
}

export type OnConnection = (socket: Socket, number: number) => void;

/** What no HTTP server can be brought to do: bytes as they are. Counts connections from 1. */
export async function startRawServer(onConnection: OnConnection, secure = false): Promise<RawServer> {
  const sockets: Socket[] = [];
  const connected = (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket, sockets.length);
  };
  const server: Server = secure
    ? createTlsServer(makeCertificate(), connected)
    : createServer({ noDelay: true }, connected);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** Nobody knows who signed it: a test that uses it sets NODE_TLS_REJECT_UNAUTHORIZED. */
function makeCertificate(): { readonly cert: Buffer; readonly key: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { cert: readFileSync(cert), key: readFileSync(key) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Calls back with each request's head, once it is there; bodies are skipped by their length. */
export function onRequests(socket: Socket, answer: (head: string, body: Buffer) => void): void {
  let raw = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    raw = Buffer.concat([raw, chunk]);
    for (let end = raw.indexOf('\r\n\r\n'); end >= 0; end = raw.indexOf('\r\n\r\n')) {
      const head = raw.toString('latin1', 0, end);
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (raw.byteLength < end + 4 + length) return;
      const body = raw.subarray(end + 4, end + 4 + length);
      raw = raw.subarray(end + 4 + length);
      answer(head, body);
    }
  });
}
