import { Zfs3BackupError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Metadata, ObjectStore, OpenUpload, StoredPart } from '../store/object-store.ts';
import { howToDrop } from './abort-upload.ts';
import { readListedParts } from './listed-parts.ts';
import type { PartSchedule } from './part-schedule.ts';
import { dropNote, readNotes, type StoredNote, type UploadNote } from './upload-note.ts';
import { readIsAlive, readIsAtWork } from './writer.ts';

/** An upload that a run before this one left open, and that may be gone on with. */
export interface ResumableUpload {
  readonly upload: OpenUpload;
  /** By number. */
  readonly parts: ReadonlyMap<number, StoredPart>;
  /** How its stream was split, and must be again. */
  readonly schedule: PartSchedule;
  /** Where what is known of it stands. */
  readonly noteKey: string;
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
  if (open.length === 0 && !question.resume) return undefined;
  const notes = await readNotes(store, key, signal);
  const candidates: (ResumableUpload & StoredNote)[] = [];
  const present: OpenUpload[] = [];
  for (const upload of open) {
    const stored = notes.find(({ note }) => note.uploadId === upload.uploadId);
    const parts = await readListedParts(upload, signal ? { signal } : {});
    if (parts === undefined) continue;
    present.push(upload);
    if (!stored && parts.length === 0 && (await isOfDeadRun(notes, question))) {
      await upload.abort(signal ? { signal } : {});
      continue;
    }
    if (!question.force && stored && (await isBusy(upload, stored.note, parts, question)))
      throw inProgress(upload, stored.note, question);
    if (stored && question.resume && belongs(stored.note, question.metadata)) {
      const byNumber = new Map(parts.map((part) => [part.partNumber, part]));
      candidates.push({ upload, parts: byNumber, schedule: stored.note.schedule, ...stored });
    } else {
      mention(upload, stored?.note, question);
    }
  }
  await dropStale(notes, present, question);
  const [best, ...others] = candidates.sort((a, b) => b.parts.size - a.parts.size);
  for (const { upload, note } of others) mention(upload, note, question);
  return best;
}

/**
 * A run leaves a note before it starts its upload and again when it knows the ID. One that died between the two
 * left an upload without parts and a note without an ID.
 */
async function isOfDeadRun(notes: readonly StoredNote[], { resume }: OpenUploadQuestion): Promise<boolean> {
  if (!resume) return false;
  for (const { note } of notes) {
    if (note.uploadId === undefined && (await readIsAlive(note.writer)) === false) return true;
  }
  return false;
}

/** Notes of dead runs whose upload is gone. */
async function dropStale(
  notes: readonly StoredNote[],
  open: readonly OpenUpload[],
  { store, resume, signal }: OpenUploadQuestion,
): Promise<void> {
  if (!resume) return;
  for (const { noteKey, note } of notes) {
    if (open.some(({ uploadId }) => uploadId === note.uploadId)) continue;
    if ((await readIsAlive(note.writer)) === false) await dropNote(store, noteKey, signal);
  }
}

/** The expected size may have been told otherwise; it is only a hint. */
function belongs(note: UploadNote, metadata: Metadata): boolean {
  const facts = ({ size: _, ...rest }: Metadata) => JSON.stringify(Object.entries(rest).sort());
  return facts(note.metadata) === facts(metadata);
}

async function isBusy(
  upload: OpenUpload,
  note: UploadNote,
  parts: readonly StoredPart[],
  { now = Date.now }: OpenUploadQuestion,
): Promise<boolean> {
  const isAtWork = await readIsAtWork(note.writer, upload.uploadId);
  if (isAtWork !== undefined) return isAtWork;
  const times = [upload.startedAt, ...parts.flatMap(({ storedAt }) => storedAt ?? [])].map((date) =>
    date.getTime(),
  );
  return now() - Math.max(...times) < QUIET_MS;
}

function inProgress(
  { startedAt }: OpenUpload,
  { writer }: UploadNote,
  { key, store }: OpenUploadQuestion,
): Zfs3BackupError {
  const message = `process ${writer.pid} on ${writer.host} has been uploading ${key} to ${store.url} since ${startedAt.toISOString()}`;
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
    ? 'was started by another program, or by a run that was killed as it began'
    : resume
      ? 'was started for another object, or is not the one to go on with'
      : 'was not finished; --resume goes on with it';
  logger.warn(
    { key, uploadId, startedAt },
    `an open upload of ${key} of ${startedAt.toISOString()} ${what}. It is left alone and may cost money; to drop it: ` +
      howToDrop(store.url, key, uploadId),
  );
}
