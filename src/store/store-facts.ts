import type { ErrorCode } from '../errors.ts';
import type { OBJECT_LOCK_MODES } from './providers.ts';

/** How something went that was tried: well, or refused like this. */
export type Trial = 'ok' | Refusal;

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string | undefined;
}

/** What can be asked of a store without leaving a trace, and what for. */
export type Right =
  /** Whatever is stored under the prefix. */
  | 'list'
  | 'list uploads'
  | 'start upload'
  | 'store part'
  | 'list parts'
  | 'drop upload'
  /** Records and notes, beside the backups. */
  | 'read records'
  | 'read backups'
  | 'remove notes'
  | 'remove backups';

/** A rule by which the store removes or moves objects by itself. */
export interface LifecycleRule {
  /** What the keys begin with that it is about. */
  readonly prefix: string;
  /** Only some of those: with a tag, or of a size. */
  readonly partial: boolean;
  /** 0 for a fixed date. */
  readonly expiresAfterDays?: number | undefined;
  readonly dropsUploadsAfterDays?: number | undefined;
  readonly movesTo?: { readonly storageClass: string; readonly days: number } | undefined;
}

/** What a store says of itself when it is looked at closely; absent is what cannot be known. */
export interface StoreFacts {
  /** Only those that were tried: nothing more is once one failed that all others would fail like. */
  readonly rights: Readonly<Partial<Record<Right, Trial | undefined>>>;
  /** Who asks. */
  readonly credentials?: {
    readonly accessKeyId: string;
    /** Where they came from, in words. */
    readonly from: string;
    readonly expiresAt: Date | undefined;
  };
  /** How much later it is by our clock than by the store's, in milliseconds. */
  readonly clockAheadMs?: number | undefined;
  /** What is sent cannot be read on its way. */
  readonly isPrivate?: boolean;
  readonly region?: string | undefined;
  readonly versioning?: 'on' | 'suspended' | 'off' | undefined;
  readonly lifecycle?: readonly LifecycleRule[] | undefined;
  readonly objectLock?: 'off' | ObjectLockRule | undefined;
  readonly freeBytes?: number | undefined;
  /** Others on this machine may read, or write, what is in the folder. */
  readonly openTo?: 'readers' | 'writers' | undefined;
  /** A probe that could not be dropped. */
  readonly leftBehind?: { readonly key: string; readonly uploadId: string } | undefined;
}

export interface ObjectLockRule {
  /** Of objects that do not say so themselves; `undefined` for none. */
  readonly mode: (typeof OBJECT_LOCK_MODES)[number] | undefined;
  readonly days: number | undefined;
}
