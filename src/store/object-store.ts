import type { StoreLimits } from './store-limits.ts';
/**
 * The one seam to a store. Implementations: `s3-store.ts`, `directory-store.ts`. The contract below is what
 * `test/store/contract.ts` runs on each of them.
 */

import type { StoreFacts } from './store-facts.ts';

/** One object as a listing tells it. */
export interface ObjectSummary {
  readonly key: string;
  readonly bytes: number;
  /** Without quotes; `undefined` where the store has none. */
  readonly etag: string | undefined;
  readonly modifiedAt: Date;
  readonly storageClass: string | undefined;
}

/** User metadata: keys `[a-z0-9-]` (readers also meet `is_full`), printable ASCII values, without `x-amz-meta-`. */
export type Metadata = Readonly<Record<string, string>>;

export interface Digest {
  readonly algorithm: 'md5' | 'sha256';
  readonly hex: string;
}

/** What a store was told of some bytes, has checked, and keeps. */
export interface Checksum {
  readonly algorithm: 'crc32' | 'sha256';
  readonly hex: string;
}

/** What is known of a body already, all in hex: spares the store computing it where it needs it. */
export interface BodyDigests {
  readonly sha256?: string;
  readonly md5?: string;
  readonly crc32?: string;
}

export interface ObjectInfo extends ObjectSummary {
  readonly metadata: Metadata;
  /**
   * Digest of the whole body, only where the store is known to tell one. On S3: the ETag of an object stored by
   * one PUT, unless it is encrypted with SSE-KMS or SSE-C (such ETags look alike and are no digests).
   */
  readonly digest?: Digest;
  /** Of the whole body, where the store was given one for it; only `head` tells it. See `wholeChecksum`. */
  readonly checksum?: Checksum;
  /** Of an archived object that was asked for; only `head` tells it. */
  readonly thaw?: Thaw;
}

/** How far an archived object is that was asked for. */
export type Thaw =
  | { readonly state: 'in progress' }
  /** Readable, until it is archived again. */
  | { readonly state: 'ready'; readonly until: Date | undefined };

/** How fast an archived object comes back, and how dear that is. */
export type ThawTier = 'Standard' | 'Bulk' | 'Expedited';

export interface ThawOptions extends CallOptions {
  /** For how many days it stays readable. */
  readonly days: number;
  readonly tier: ThawTier;
  /** The object's, as it is known: some take no days. */
  readonly storageClass?: string | undefined;
}

/** What is fixed when an object or upload is created. */
export interface ObjectAttributes {
  readonly metadata?: Metadata;
  readonly storageClass?: string;
  /**
   * One of our own small objects beside the backups: it is read again and again, so the storage class that the store
   * was opened with is not for it.
   */
  readonly beside?: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface GetOptions extends CallOptions {
  /** First and last byte, both included. */
  readonly range?: { readonly first: number; readonly last: number };
  /** Fails with MISMATCH when the object's ETag is another one now. */
  readonly ifMatch?: string;
}

export interface GetIntoOptions extends CallOptions {
  /** The first byte wanted. */
  readonly first: number;
  /** Fails with MISMATCH when the object's ETag is another one now. */
  readonly ifMatch?: string;
  /** Called with the number of bytes that are in the buffer so far, often: it must cost nothing. */
  readonly onBytes?: (bytes: number) => void;
}

export interface ObjectBody {
  readonly info: ObjectInfo;
  /** Bytes of the body (of the range) that the store announced; `undefined` where it announced none. */
  readonly bytes: number | undefined;
  /**
   * The bytes, once. Throws when the connection broke; ending early (`break`) closes the connection. May end
   * short without an error only where the protocol cannot tell: callers count against `bytes`.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface StoredPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly bytes: number;
  /** Of the part's bytes, where the store takes one. */
  readonly checksum?: Checksum;
  /** When it was stored, where a listing tells it. */
  readonly storedAt?: Date;
}

/** A multipart upload in progress. Nothing is visible under its key before `complete` succeeded. */
export interface Upload {
  readonly key: string;
  readonly uploadId: string;
  /**
   * Stores one part; sending the same number again replaces it. `body` must not change before this settles, and
   * is not kept afterwards.
   */
  putPart(partNumber: number, body: Uint8Array, options?: CallOptions & BodyDigests): Promise<StoredPart>;
  /** The parts stored so far, by number. */
  listParts(options?: CallOptions): Promise<readonly StoredPart[]>;
  /**
   * Makes the object visible, in one step, from exactly these parts; where they have checksums, the store compares
   * them, and that of the whole, before it does. An error with `retryable` means that the
   * outcome is unknown: look with `head` before anything else. `ifAbsent`, where the store can: fails with MISMATCH and
   * status 412 when there is an object under the key, in one step.
   */
  complete(
    parts: readonly StoredPart[],
    options?: CallOptions & { readonly ifAbsent?: boolean },
  ): Promise<{ readonly etag: string | undefined }>;
  /** Drops the upload and its parts; an upload that is already gone is no error. */
  abort(options?: CallOptions): Promise<void>;
}

export interface OpenUpload extends Upload {
  readonly startedAt: Date;
}

/** An object that was deleted, and whose newest version can be brought back. */
export interface DeletedObject extends ObjectSummary {
  readonly versionId: string;
  readonly deletedAt: Date;
}

/** What a store keeps of objects that were deleted. */
export interface Versions {
  /** `suspended`: what is stored now is gone when it is deleted, older versions are still there. */
  readState(options?: CallOptions): Promise<'on' | 'suspended' | 'off'>;
  /** Deleted objects whose key starts with `prefix`, in the order of their UTF-8 bytes. */
  listDeleted(prefix: string, options?: CallOptions): Promise<readonly DeletedObject[]>;
  /** `undefined` when that version is gone. */
  headDeleted(object: DeletedObject, options?: CallOptions): Promise<ObjectInfo | undefined>;
  /** Makes the newest version visible again; an object that is there already is no error. */
  undelete(key: string, options?: CallOptions): Promise<void>;
}

/** Something of the store's own that a writer which died left behind. */
export interface Leftover {
  /** Where it lies, as `remove` wants it. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export interface Leftovers {
  /** A writer may be at the young ones. */
  list(options?: CallOptions): Promise<readonly Leftover[]>;
  /** One that is gone is no error. */
  remove(name: string, options?: CallOptions): Promise<void>;
}

/**
 * Keys are whole keys (no prefix is added), 1–1,024 bytes of UTF-8. Every method throws `StoreError`; each makes
 * one attempt (see `retrying-store.ts`), and rejects with the signal's reason when aborted.
 */
export interface ObjectStore {
  /** Names the store to a person: `s3://bucket` or `file:///path`; never holds a secret. */
  readonly url: string;
  /** The server it is on, spelled alike however it is reached; absent where `url` says all. */
  readonly server?: string;
  /** What tells our own programs where it is, such as `--store URL --endpoint URL`; never holds a secret. */
  readonly arguments: readonly string[];
  /** What tells `pput` besides how this store's objects are stored, such as `--sse aws:kms`. */
  readonly putArguments?: readonly string[];
  /** Under what backups live; ends in `/`. Only verbs use it. */
  readonly prefix: string;
  readonly limits: StoreLimits;
  /** What `put` and `putPart` compute of every body where they are not told: worth taking on another thread. */
  readonly wantedDigests?: readonly (keyof BodyDigests)[];
  /** `put` obeys `ifAbsent` in any case; otherwise where it can, so that who must know looks before. */
  readonly canPutIfAbsent?: boolean;
  /** Requests made so far, those that were tried again included; absent where nothing is requested of a server. */
  readonly requests?: () => number;
  /** Where this store retries: the same one with one attempt for each call, for who has a policy of their own. */
  readonly once?: ObjectStore;
  /** Objects whose key starts with `prefix` (and sorts after `startAfter`), in the order of their UTF-8 bytes. */
  list(
    prefix: string,
    options?: CallOptions & { readonly startAfter?: string },
  ): AsyncIterable<ObjectSummary>;
  /** `undefined` when there is no such object; a missing bucket is an error. */
  head(key: string, options?: CallOptions): Promise<ObjectInfo | undefined>;
  /**
   * Size of the first of the parts that an object was stored in; `undefined` where the store does not tell, or did not
   * answer: it is a hint. Absent where nobody could tell.
   */
  firstPartBytes?(key: string, options?: CallOptions): Promise<number | undefined>;
  /** Fails with NO_SUCH_KEY when there is no such object. */
  get(key: string, options?: GetOptions): Promise<ObjectBody>;
  /**
   * Fills `into` (at least one byte) with the object's bytes from `first` on, in the way that costs least; `bytes`
   * is how many came, fewer only where the object ends. After a failure those that `onBytes` told of are right, so
   * that one can go on behind them; no byte is written after this has settled. Fails with NO_SUCH_KEY, with
   * MISMATCH also when the store answers for another range. Stores without it are read with `get`.
   */
  getInto?(
    key: string,
    into: Uint8Array,
    options: GetIntoOptions,
  ): Promise<{ readonly info: ObjectInfo; readonly bytes: number }>;
  /**
   * Stores a whole body in one request, replacing what is there. `ifAbsent`, where the store can: fails with MISMATCH
   * and status 412 when there is something, in one step.
   */
  put(
    key: string,
    body: Uint8Array,
    options?: CallOptions & ObjectAttributes & BodyDigests & { readonly ifAbsent?: boolean },
  ): Promise<{ readonly etag: string | undefined }>;
  /**
   * Makes good what the store ignored of the wishes that an object was created with (tags, Object Lock): some drop
   * them for objects made of parts. Asks nothing where there were none. Called once the object was stored and checked.
   */
  settle?(key: string, options?: CallOptions): Promise<void>;
  /**
   * Asks for an archived object, which cannot be read before: `get` fails with ARCHIVED until it is back. Absent where
   * a store archives nothing.
   */
  thaw?(key: string, options: ThawOptions): Promise<'requested' | 'in progress' | 'readable'>;
  /** Removes an object; one that is already gone is no error. */
  remove(key: string, options?: CallOptions): Promise<void>;
  startUpload(key: string, options?: CallOptions & ObjectAttributes): Promise<Upload>;
  /** Uploads under `prefix` that were started and neither completed nor aborted, oldest first. */
  openUploads(prefix: string, options?: CallOptions): Promise<readonly OpenUpload[]>;
  /** Absent where what is deleted is gone. */
  readonly versions?: Versions;
  /** Absent where a writer that dies leaves nothing but its upload. */
  readonly leftovers?: Leftovers;
  /** Days from its storing for which an object of this class is paid at least; absent where nothing is paid. */
  minBilledDays?(storageClass: string | undefined): number;
  /**
   * Looks at everything that backups need, one attempt each, and leaves nothing behind. What failed is in the facts, not
   * thrown; only an abort is.
   */
  describe?(options?: CallOptions): Promise<StoreFacts>;
  /** Frees connections; the store is not used afterwards. */
  close(): void;
}
