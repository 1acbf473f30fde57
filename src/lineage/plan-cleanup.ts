import { parseBackupKey } from './key.ts';

/** How long an upload may have been open before it is taken for abandoned. */
export const ABANDONED_SECONDS = 7 * 24 * 3600;

/** Whether whoever wrote it is still at it; `unknown` where that cannot be seen from here. */
export type WriterState = 'alive' | 'dead' | 'unknown';

export interface OpenUploadFacts {
  readonly key: string;
  readonly uploadId: string;
  readonly startedAt: Date;
  /** Of its newest part; absent where nobody looked or knows. */
  readonly lastPartAt?: Date | undefined;
  readonly bytes?: number | undefined;
  readonly writer: WriterState;
  /** Its parts may not be listed, so nobody knows how old it is. */
  readonly isHidden?: boolean;
}

/** A note beside an upload. */
export interface NoteFacts {
  readonly noteKey: string;
  readonly modifiedAt: Date;
  /** What it tells of; `undefined` where it cannot be read. */
  readonly key: string | undefined;
  /** `undefined` also where the upload was not started yet. */
  readonly uploadId: string | undefined;
  readonly writer: WriterState;
  /** Uploads of its key may not be listed, so nobody knows whether there is one. */
  readonly isHidden?: boolean;
}

/** Something that is left over as it is: a record without a backup, a file of the store's own. */
export interface OrphanFacts {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export interface CleanupRequest {
  /** Of the store. */
  readonly prefix: string;
  readonly uploads: readonly OpenUploadFacts[];
  readonly notes: readonly NoteFacts[];
  readonly records: readonly OrphanFacts[];
  readonly files: readonly OrphanFacts[];
  readonly now: Date;
  /** What is younger stays, in seconds. */
  readonly olderThan: number;
}

export interface CleanupItem {
  readonly what: 'upload' | 'note' | 'record' | 'file';
  /** A key; of a file its place in the store. */
  readonly name: string;
  readonly uploadId?: string;
  readonly action: 'drop' | 'leave';
  readonly reason: string;
  /** Since when nothing has come. */
  readonly since: Date;
  readonly bytes: number | undefined;
}

/** Uploads, then what was said of them, then the rest: the order in which it runs. */
export function planCleanup(request: CleanupRequest): readonly CleanupItem[] {
  const uploads = request.uploads.map((upload) => judgeUpload(upload, request));
  const orphans = (what: 'record' | 'file', found: readonly OrphanFacts[], reason: string) =>
    found.map(({ name, bytes, modifiedAt: since }): CleanupItem => {
      return { what, name, bytes, since, ...byAge(since, reason, request) };
    });
  return [
    ...uploads,
    ...request.notes.map((note) => judgeNote(note, uploads, request)),
    ...orphans('record', request.records, 'its backup is gone'),
    ...orphans('file', request.files, 'a writer that died left it'),
  ];
}

type Judgement = Pick<CleanupItem, 'action' | 'reason'>;

function judgeUpload(upload: OpenUploadFacts, request: CleanupRequest): CleanupItem {
  const { key: name, uploadId, startedAt, lastPartAt, bytes } = upload;
  const since = lastPartAt !== undefined && lastPartAt > startedAt ? lastPartAt : startedAt;
  const item = { what: 'upload', name, uploadId, since, bytes } as const;
  const isNoted = request.notes.some((note) => note.uploadId === uploadId && note.key === name);
  // Under the root of a bucket there are others' uploads as well.
  if (request.prefix === '' && !isNoted && parseBackupKey('', name) === undefined) {
    return { ...item, action: 'leave', reason: 'it is no backup' };
  }
  if (upload.isHidden) return { ...item, action: 'leave', reason: 'its parts may not be listed' };
  if (upload.writer === 'alive') return { ...item, action: 'leave', reason: 'its writer is at it' };
  return { ...item, ...byAge(since, 'nothing more has come', request) };
}

function judgeNote(note: NoteFacts, uploads: readonly CleanupItem[], request: CleanupRequest): CleanupItem {
  const { noteKey: name, modifiedAt: since, writer } = note;
  const item = { what: 'note', name, since, bytes: undefined } as const;
  if (note.key === undefined) return { ...item, ...byAge(since, 'it cannot be read', request) };
  const ofIt = uploads.filter((upload) =>
    note.uploadId === undefined ? upload.name === note.key : upload.uploadId === note.uploadId,
  );
  if (ofIt.some(({ action }) => action === 'leave')) {
    return { ...item, action: 'leave', reason: 'its upload is left' };
  }
  if (note.isHidden) return { ...item, action: 'leave', reason: 'uploads of its key may not be listed' };
  if (writer === 'alive') return { ...item, action: 'leave', reason: 'its writer is at it' };
  if (ofIt.length > 0) return { ...item, action: 'drop', reason: 'its upload is dropped' };
  if (writer === 'dead')
    return { ...item, action: 'drop', reason: 'its upload is gone, and so is its writer' };
  return { ...item, ...byAge(since, 'its upload is gone', request) };
}

function byAge(since: Date, why: string, { now, olderThan }: CleanupRequest): Judgement {
  const age = (now.getTime() - since.getTime()) / 1000;
  // A time that a store garbled is no age.
  if (!(age >= olderThan)) return { action: 'leave', reason: `${words(age)}: too young` };
  return { action: 'drop', reason: `${why}, ${words(age)}` };
}

/** `9 days old`. */
function words(seconds: number): string {
  if (Number.isNaN(seconds)) return 'of an unknown age';
  const units = [
    [24 * 3600, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ] as const;
  const [size, unit] = units.find(([each]) => seconds >= each) ?? [1, 'second'];
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${unit}${count === 1 ? '' : 's'} old`;
}
