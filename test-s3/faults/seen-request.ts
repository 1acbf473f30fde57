import type { IncomingMessage } from 'node:http';

export type RequestKind =
  | 'create'
  | 'part'
  | 'complete'
  | 'abort'
  | 'list-parts'
  | 'list-uploads'
  | 'put'
  | 'head'
  | 'head-bucket'
  | 'get'
  | 'list'
  | 'remove'
  | 'other';

/** One request as it came, whatever was then done with it. */
export interface SeenRequest {
  readonly kind: RequestKind;
  /** From 1, among the requests of this kind. */
  readonly nth: number;
  readonly method: string;
  readonly bucket: string;
  /** Empty for requests about the bucket. */
  readonly key: string;
  readonly partNumber: number | undefined;
  readonly uploadId: string | undefined;
  readonly range: string | undefined;
  /** Part of the request's signature. */
  readonly accessKeyId: string | undefined;
  readonly sessionToken: string | undefined;
  /** Milliseconds since the proxy was started. */
  readonly atMs: number;
  /** Other requests that were not answered yet when this one came. */
  readonly inFlight: number;
}

export function readRequest(
  request: IncomingMessage,
  facts: Pick<SeenRequest, 'atMs' | 'inFlight'> & { count(kind: RequestKind): number },
): SeenRequest {
  const { method = '', headers } = request;
  const url = new URL(request.url ?? '/', 'http://host');
  const [, bucket = '', ...names] = url.pathname.split('/');
  const key = decodeURIComponent(names.join('/'));
  const kind = kindOf(method, key, url.searchParams);
  const partNumber = url.searchParams.get('partNumber');
  return {
    kind,
    nth: facts.count(kind) + 1,
    method,
    bucket,
    key,
    partNumber: partNumber === null ? undefined : Number(partNumber),
    uploadId: url.searchParams.get('uploadId') ?? undefined,
    range: headers.range,
    accessKeyId: /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1],
    sessionToken: headers['x-amz-security-token']?.toString(),
    atMs: facts.atMs,
    inFlight: facts.inFlight,
  };
}

function kindOf(method: string, key: string, query: URLSearchParams): RequestKind {
  if (key === '') return ofBucket(method, query);
  if (query.has('uploads')) return 'create';
  if (query.has('uploadId')) return ofUpload(method);
  const plain: Record<string, RequestKind> = { PUT: 'put', HEAD: 'head', GET: 'get', DELETE: 'remove' };
  return plain[method] ?? 'other';
}

function ofBucket(method: string, query: URLSearchParams): RequestKind {
  if (method === 'HEAD') return 'head-bucket';
  if (method !== 'GET') return 'other';
  return query.has('uploads') ? 'list-uploads' : 'list';
}

function ofUpload(method: string): RequestKind {
  const kinds: Record<string, RequestKind> = {
    PUT: 'part',
    POST: 'complete',
    DELETE: 'abort',
    GET: 'list-parts',
  };
  return kinds[method] ?? 'other';
}
