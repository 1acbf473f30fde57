import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../errors.ts';
import {
  createFolder,
  FILE_MODE,
  ignoreMissing,
  readTextIfThere,
  syncFolder,
  writeAt,
  writeTextDurably,
} from './directory-files.ts';
import type { ObjectFolder } from './directory-objects.ts';
import { createPartLayout, type PartLayout, type PartPlace, renderPlace } from './directory-parts.ts';
import { assemble, dropPlace, isThere, noneIfMissing, readPlaces } from './directory-places.ts';
import { assertPartNumber } from './keys.ts';
import type { ObjectAttributes, OpenUpload, StoredPart, Upload } from './object-store.ts';
import { wordsFor } from './operation-words.ts';

/**
 * An upload is a folder: `upload.json`, `body`, into which parts are written at the place they will have in the
 * object (so that completing is a rename, not a copy of everything), and one marker per stored part, made after the
 * part's bytes are safe on disk. A part whose place is not known yet, or that replaces another, is a file of its own.
 */
interface UploadFile {
  readonly key: string;
  readonly startedAt: string;
  readonly attributes: ObjectAttributes;
}

export interface UploadFolder {
  start(key: string, attributes: ObjectAttributes): Promise<Upload>;
  open(prefix: string): Promise<OpenUpload[]>;
}

interface UploadContext {
  readonly objects: ObjectFolder;
  readonly folder: string;
  readonly uploadId: string;
  readonly file: UploadFile;
  readonly layout: PartLayout;
  /** The stored parts as this process knows them, which spares reading the folder for each part. */
  readonly places: Map<number, PartPlace>;
  readonly maxParts: number;
}

export function createUploadFolder(uploads: string, objects: ObjectFolder, maxParts: number): UploadFolder {
  async function start(key: string, attributes: ObjectAttributes): Promise<Upload> {
    const startedAt = new Date().toISOString();
    const uploadId = `${startedAt.replace(/[^0-9TZ]/g, '')}-${randomUUID()}`;
    const folder = join(uploads, uploadId);
    const file: UploadFile = { key, startedAt, attributes };
    await createFolder(folder);
    try {
      await writeFile(join(folder, 'body'), '', { mode: FILE_MODE });
      await writeTextDurably(join(folder, 'upload.json'), `${JSON.stringify(file)}\n`, folder);
      await syncFolder(uploads);
    } catch (error) {
      // Nobody would ever find it: without its file it is no upload.
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    const layout = createPartLayout([]);
    return createUpload({ objects, folder, uploadId, file, layout, places: new Map(), maxParts });
  }

  async function openOne(uploadId: string): Promise<OpenUpload | undefined> {
    const folder = join(uploads, uploadId);
    const text = await readTextIfThere(join(folder, 'upload.json'));
    // Without its body the object was published and only the clean-up did not happen.
    if (text === undefined || !(await isThere(join(folder, 'body')))) return undefined;
    const file = JSON.parse(text) as UploadFile;
    const stored = await readPlaces(folder);
    const places = new Map(stored.map((place) => [place.partNumber, place]));
    const layout = createPartLayout(stored);
    const upload = createUpload({ objects, folder, uploadId, file, layout, places, maxParts });
    return { ...upload, startedAt: new Date(file.startedAt) };
  }

  return {
    start,
    open: async (prefix) => {
      const ids = await readdir(uploads).catch(noneIfMissing);
      const found = await Promise.all(ids.sort().map(openOne));
      return found
        .filter((upload) => upload !== undefined)
        .filter(({ key }) => key.startsWith(prefix))
        .sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
    },
  };
}

function createUpload(context: UploadContext): Upload {
  const { folder, uploadId, layout } = context;
  const { key } = context.file;

  async function assertOpen(operation: string): Promise<void> {
    if (await isThere(join(folder, 'body'))) return;
    throw failure(context, operation, 'NoSuchUpload', 'the upload was completed or dropped already', 404);
  }

  return {
    key,
    uploadId,
    putPart: async (partNumber, body, options = {}) => {
      options.signal?.throwIfAborted();
      assertPartNumber(key, partNumber, context.maxParts);
      const offset = layout.reserve(partNumber, body.byteLength);
      try {
        await assertOpen('putPart');
        return await writePart(context, partNumber, offset, body, options);
      } catch (error) {
        layout.release(partNumber, offset);
        throw error;
      }
    },
    listParts: async (options) => {
      options?.signal?.throwIfAborted();
      await assertOpen('listParts');
      return Promise.all((await readPlaces(folder)).map((place) => describePart(folder, place)));
    },
    complete: async (parts, options) => {
      options?.signal?.throwIfAborted();
      await assertOpen('complete');
      const etag = await completeUpload(context, parts, options?.ifAbsent ?? false);
      await rm(folder, { recursive: true, force: true });
      return { etag };
    },
    abort: async (options) => {
      options?.signal?.throwIfAborted();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function describePart(folder: string, place: PartPlace): Promise<StoredPart> {
  const { partNumber, etag, bytes } = place;
  const stats = await stat(join(folder, renderPlace(place))).catch(ignoreMissing);
  return { partNumber, etag, bytes, ...(stats && { storedAt: stats.mtime }) };
}

async function writePart(
  { folder, places }: UploadContext,
  partNumber: number,
  offset: number | undefined,
  body: Uint8Array,
  options: { readonly sha256?: string; readonly signal?: AbortSignal },
): Promise<StoredPart> {
  const bytes = body.byteLength;
  const own = offset === undefined ? `own-${randomUUID()}` : undefined;
  await using handle = await open(join(folder, own ?? 'body'), own === undefined ? 'r+' : 'wx', FILE_MODE);
  const etag = await writeAt(handle, body, offset ?? 0, options);
  await handle.datasync();
  const place: PartPlace = { partNumber, bytes, etag, at: own ?? offset ?? 0 };
  const older = places.get(partNumber);
  places.set(partNumber, place);
  await writeTextDurably(join(folder, renderPlace(place)), '', folder);
  if (older !== undefined) await dropPlace(folder, older);
  return { partNumber, etag, bytes };
}

async function completeUpload(
  context: UploadContext,
  parts: readonly StoredPart[],
  ifAbsent: boolean,
): Promise<string> {
  const stored = await readPlaces(context.folder);
  const wanted = [...parts]
    .sort((a, b) => a.partNumber - b.partNumber)
    .map((part) => {
      const place = stored.find(({ partNumber }) => partNumber === part.partNumber);
      if (place?.etag === part.etag && place.bytes === part.bytes) return place;
      throw failure(
        context,
        'complete',
        'InvalidPart',
        `part ${part.partNumber} is not stored as listed`,
        400,
      );
    });
  if (wanted.length === 0) throw failure(context, 'complete', 'MalformedXML', 'no parts were listed', 400);
  const temporary = await assemble(context.folder, wanted, stored.length);
  await using handle = await open(temporary, 'r+');
  const etag = etagOfParts(wanted);
  const { key, attributes } = context.file;
  await context.objects.publish({ key, temporary, handle, etag, attributes, ifAbsent });
  return etag;
}

/** As S3's composite ETags are made, with SHA-256 where S3 has MD5. */
function etagOfParts(parts: readonly { readonly etag: string }[]): string {
  const hash = createHash('sha256');
  for (const { etag } of parts) hash.update(etag, 'hex');
  return `${hash.digest('hex')}-${parts.length}`;
}

function failure(
  { file, uploadId }: UploadContext,
  operation: string,
  storeCode: string,
  message: string,
  status: number,
): StoreError {
  return new StoreError(
    'STORE_FAILED',
    `cannot ${wordsFor(operation)} ${file.key} (${uploadId}): ${message}`,
    {
      operation,
      key: file.key,
      storeCode,
      status,
      retryable: false,
    },
  );
}
