import { Zfs3BackupError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Metadata, ObjectStore, OpenUpload, StoredPart } from '../store/object-store.ts';
import { howToDrop } from './abort-upload.ts';
import type { PartSchedule } from './part-schedule.ts';
import { readNote, type UploadNote } from './upload-note.ts';
import { readIsAlive } from './writer.ts';

/** An upload that a run before this one left open, and that may be gone on with. */
export interface ResumableUpload {
  readonly upload: OpenUpload;
  /** By number. */
  readonly parts: ReadonlyMap<number, StoredPart>;
  /** How its stream was split, and must be again. */
  readonly schedule: PartSchedule;
}

export interface OpenUploadQuestion {
  readonly store: ObjectStore;
  readonly key: string;
  /** Of the object to be made; only an upload for the very same is gone on with. */
  readonly metadata: Metadata;
  /** Look for one to go on with. Without it open uploads are only mentioned. */
  readonly resume: boolean;
  /** Do not refuse when somebody seems to be at it. */
  readonly force: boolean;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
  /** The time, for tests. */
  readonly now?: () => number;
}

/** An upload of another machine is taken for abandoned when nothing has come for this long. */
const QUIET_MS = 10 * 60_000;

/**
 * Looks at the open uploads of a key. Throws UPLOAD_IN_PROGRESS when another process is at one; mentions those that
 * are left alone; returns the one with the most parts that belongs to the same object.
 */
export async function findOpenUpload(question: OpenUploadQuestion): Promise<ResumableUpload | undefined> {
  const { store, key, signal } = question;
  const open = (await store.openUploads(key, signal ? { signal } : {})).filter(
    (upload) => upload.key === key,
  );
  const candidates: ResumableUpload[] = [];
  for (const upload of open) {
    const note = await readNote(store, upload, signal);
    const parts = await upload.listParts(signal ? { signal } : {});
    if (!question.force && (await isBusy(upload, note, parts, question)))
      throw inProgress(upload, note, question);
    if (note && question.resume && belongs(note, question.metadata)) {
      const byNumber = new Map(parts.map((part) => [part.partNumber, part]));
      candidates.push({ upload, parts: byNumber, schedule: note.schedule });
    } else {
      mention(upload, note, question);
    }
  }
  const [best, ...others] = candidates.sort((a, b) => b.parts.size - a.parts.size);
  for (const { upload } of others) mention(upload, undefined, question);
  return best;
}

/** The expected size may have been told otherwise; it is only a hint. */
function belongs(note: UploadNote, metadata: Metadata): boolean {
  const facts = ({ size: _, ...rest }: Metadata) => JSON.stringify(Object.entries(rest).sort());
  return facts(note.metadata) === facts(metadata);
}

async function isBusy(
  upload: OpenUpload,
  note: UploadNote | undefined,
  parts: readonly StoredPart[],
  { now = Date.now }: OpenUploadQuestion,
): Promise<boolean> {
  // who left no note is another program; nothing is known of it, and nothing of it is touched
  if (!note) return false;
  const isAlive = await readIsAlive(note.writer);
  if (isAlive !== undefined) return isAlive;
  const times = [upload.startedAt, ...parts.flatMap(({ storedAt }) => storedAt ?? [])].map((date) =>
    date.getTime(),
  );
  return now() - Math.max(...times) < QUIET_MS;
}

function inProgress(
  { startedAt }: OpenUpload,
  note: UploadNote | undefined,
  { key, store }: OpenUploadQuestion,
): Zfs3BackupError {
  const who = note ? `process ${note.writer.pid} on ${note.writer.host}` : 'another process';
  const message = `${who} has been uploading ${key} to ${store.url} since ${startedAt.toISOString()}`;
  return new Zfs3BackupError('UPLOAD_IN_PROGRESS', message, {
    advice: 'Wait for it to end. If you know that it is gone, add --force.',
  });
}

function mention(
  upload: OpenUpload,
  note: UploadNote | undefined,
  { store, logger, resume }: OpenUploadQuestion,
): void {
  const { key, uploadId, startedAt } = upload;
  const what = !note
    ? 'was started by another program'
    : resume
      ? 'was started for another object, or is not the one to go on with'
      : 'was not finished; --resume goes on with it';
  logger.warn(
    { key, uploadId, startedAt },
    `an open upload of ${key} of ${startedAt.toISOString()} ${what}. It is left alone and may cost money; to drop it: ` +
      howToDrop(store.url, key, uploadId),
  );
}
