import { createHash } from 'node:crypto';
import { StoreError } from '../../src/errors.ts';
import type {
  ObjectAttributes,
  ObjectInfo,
  ObjectStore,
  OpenUpload,
  StoredPart,
  Upload,
} from '../../src/store/object-store.ts';
import type { StoreLimits } from '../../src/store/store-limits.ts';

export const KIB = 1024;

/** Small enough that a test of thousands of parts is quick. */
export const SMALL_LIMITS: StoreLimits = {
  minPartBytes: 1,
  maxPartBytes: 64 * KIB,
  maxParts: 10_000,
  maxObjectBytes: 1024 ** 3,
  equalParts: false,
  maxPartsInFlight: undefined,
};

export interface MemoryStoreOptions {
  readonly limits?: StoreLimits;
  /** As with SSE-KMS: ETags that look like MD5s and are none. */
  readonly encrypted?: boolean;
  /** As Ceph: Complete answers without an ETag. */
  readonly silentComplete?: boolean;
  /** Obeys If-None-Match. */
  readonly conditional?: boolean;
}

interface Stored {
  readonly body: Buffer;
  readonly info: ObjectInfo;
}

/** S3 in memory, with MD5s of MD5s, and as strict as AWS about what Complete is given. */
export function createMemoryStore(options: MemoryStoreOptions = {}): ObjectStore {
  const { limits = SMALL_LIMITS, encrypted = false, silentComplete = false, conditional = false } = options;
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, OpenUpload>();
  const etagOf = (body: Uint8Array) =>
    createHash('md5')
      .update(encrypted ? 'salt' : '')
      .update(body)
      .digest('hex');

  function publish(key: string, body: Buffer, etag: string, attributes: ObjectAttributes, digest: boolean) {
    const info: ObjectInfo = {
      key,
      etag,
      bytes: body.byteLength,
      modifiedAt: new Date(),
      storageClass: attributes.storageClass,
      metadata: attributes.metadata ?? {},
      ...(digest && !encrypted && { digest: { algorithm: 'md5', hex: etag } }),
    };
    objects.set(key, { body, info });
  }

  function createUpload(key: string, attributes: ObjectAttributes, uploadId: string): Upload {
    const parts = new Map<number, StoredPart & { body: Buffer }>();
    const assertOpen = () => {
      if (!uploads.has(uploadId)) throw refusal('upload', key, 404, 'NoSuchUpload');
    };
    return {
      key,
      uploadId,
      async putPart(partNumber, body, call) {
        call?.signal?.throwIfAborted();
        assertOpen();
        const copy = Buffer.from(body);
        const part = { partNumber, etag: etagOf(copy), bytes: copy.byteLength };
        parts.set(partNumber, { ...part, body: copy });
        return part;
      },
      async listParts() {
        assertOpen();
        return [...parts.values()]
          .sort((a, b) => a.partNumber - b.partNumber)
          .map(({ body: _, ...part }) => part);
      },
      async complete(wanted, call) {
        assertOpen();
        if (conditional && call?.ifAbsent && objects.has(key)) throw taken('complete', key);
        const chosen = wanted.map(({ partNumber, etag }) => {
          const part = parts.get(partNumber);
          if (part?.etag !== etag) throw refusal('complete', key, 400, 'InvalidPart');
          return part;
        });
        if (chosen.slice(0, -1).some(({ bytes }) => bytes < limits.minPartBytes)) {
          throw refusal('complete', key, 400, 'EntityTooSmall');
        }
        const digests = chosen.map((part) => Buffer.from(part.etag, 'hex'));
        const etag = `${etagOf(Buffer.concat(digests))}-${chosen.length}`;
        publish(key, Buffer.concat(chosen.map(({ body }) => body)), etag, attributes, false);
        uploads.delete(uploadId);
        return { etag: silentComplete ? undefined : etag };
      },
      async abort() {
        uploads.delete(uploadId);
      },
    };
  }

  let started = 0;
  return {
    url: 's3://memory',
    arguments: ['--store', 's3://memory'],
    prefix: 'p/',
    limits,
    canPutIfAbsent: conditional,
    async *list(prefix) {
      for (const key of [...objects.keys()].sort()) {
        const stored = objects.get(key);
        if (stored && key.startsWith(prefix)) yield stored.info;
      }
    },
    async head(key, call) {
      call?.signal?.throwIfAborted();
      return objects.get(key)?.info;
    },
    async get(key, call = {}) {
      const stored = objects.get(key);
      if (!stored) throw refusal('get', key, 404, 'NoSuchKey');
      const { first = 0, last = stored.body.byteLength - 1 } = call.range ?? {};
      const body = Buffer.from(stored.body.subarray(first, last + 1));
      async function* chunks() {
        for (let at = 0; at < body.byteLength; at += KIB) yield body.subarray(at, at + KIB);
      }
      return { info: stored.info, bytes: body.byteLength, chunks: chunks() };
    },
    async put(key, body, call = {}) {
      call.signal?.throwIfAborted();
      if (conditional && call.ifAbsent && objects.has(key)) {
        throw taken('put', key);
      }
      const copy = Buffer.from(body);
      publish(key, copy, etagOf(copy), call, true);
      return { etag: etagOf(copy) };
    },
    async remove(key) {
      objects.delete(key);
    },
    async startUpload(key, call = {}) {
      started += 1;
      const upload = createUpload(key, call, `upload-${started}`);
      uploads.set(upload.uploadId, { ...upload, startedAt: new Date() });
      return upload;
    },
    async openUploads(prefix) {
      return [...uploads.values()].filter(({ key }) => key.startsWith(prefix));
    },
    close() {},
  };
}

function taken(operation: string, key: string): StoreError {
  const failure = { operation, key, status: 412, retryable: false, settled: true };
  return new StoreError('MISMATCH', 'PreconditionFailed', failure);
}

function refusal(operation: string, key: string, status: number, storeCode: string): StoreError {
  const code = storeCode === 'NoSuchKey' ? 'NO_SUCH_KEY' : 'STORE_FAILED';
  return new StoreError(code, `${operation} ${key}: ${storeCode}`, {
    operation,
    key,
    status,
    storeCode,
    retryable: false,
    settled: true,
  });
}
