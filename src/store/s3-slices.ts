import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/** Node encrypts all that it is given at once, and keeps it until it is sent: as much memory again. */
const SLICE_BYTES = 1024 ** 2;

interface Request {
  readonly protocol?: string;
  readonly body?: unknown;
}

/** Over https gives long bodies to the socket in slices, each when the one before is on its way. */
export function sliceBodies({ middlewareStack }: S3Client): void {
  middlewareStack.add((next) => (args) => next({ ...args, request: sliced(args.request as Request) }), {
    name: 'sliceBodies',
    // Behind the signature, which needs the body whole.
    step: 'finalizeRequest',
    priority: 'low',
  });
}

function sliced(request: Request): Request {
  const { body, protocol } = request;
  if (protocol !== 'https:' || !(body instanceof Uint8Array) || body.byteLength <= SLICE_BYTES)
    return request;
  const stream = Readable.from(slicesOf(body), { objectMode: false, highWaterMark: 1 });
  return Object.assign(Object.create(Object.getPrototypeOf(request)), request, { body: stream });
}

function* slicesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += SLICE_BYTES) yield body.subarray(at, at + SLICE_BYTES);
}
