import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach } from 'vitest';
import type { Upload } from '../../src/store/object-store.ts';
import type { S3StoreOptions } from '../../src/store/s3-context.ts';
import { createS3Store } from '../../src/store/s3-store.ts';
import { all } from './read-back.ts';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Answer = (request: Request, response: ServerResponse) => void;

const closing: Array<() => void> = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A store on a server that answers as told: what no real one can be brought to say at will. */
export async function openStore(answer: Answer, options: Partial<S3StoreOptions> = {}) {
  const requests: Request[] = [];
  const server = createServer(async (message, response) => {
    // A client may leave in the middle.
    const chunks = await all<Uint8Array>(message).catch(() => undefined);
    if (!chunks) return;
    const body = Buffer.concat(chunks);
    const { method = '', url = '', headers } = message;
    const request = { method, url, headers, body };
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const store = createS3Store({
    bucket: 'b',
    prefix: 'p/',
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
    ...options,
  });
  closing.push(() => {
    store.close();
    server.close();
    server.closeAllConnections();
  });
  return { store, requests };
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

export function xml(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers });
    response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
  };
}

/** Nothing but headers. */
export function empty(status: number, headers: Record<string, string | number> = {}): Answer {
  return (_, response) => response.writeHead(status, headers).end();
}

/** HEAD is answered in its own way, all else in the other. */
export function onHead(head: Answer, other: Answer): Answer {
  return (request, response) => (request.method === 'HEAD' ? head : other)(request, response);
}

export const errorBody = (code: string) =>
  `<Error><Code>${code}</Code><Message>words of the store</Message></Error>`;

/** Starts uploads, takes parts, and answers Complete as told. */
export function withComplete(answer: Answer): Answer {
  return (request, response) => {
    if (request.url.includes('uploads')) return started(request, response);
    if (request.method === 'PUT') return response.writeHead(200, { etag: '"abc"' }).end();
    answer(request, response);
  };
}

export const started = xml(
  200,
  '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>',
);

export const completed = xml(
  200,
  '<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>',
);

export const emptyListing = xml(200, '<ListBucketResult></ListBucketResult>');

export async function uploadOne(store: { startUpload(key: string): Promise<Upload> }) {
  const upload = await store.startUpload('k');
  return { upload, parts: [await upload.putPart(1, Buffer.from('x'))] };
}
