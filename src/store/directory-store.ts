import { open, readdir, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeFolder } from './directory-describe.ts';
import { asStoreError, noSuchRoot } from './directory-errors.ts';
import { FILE_MODE, ignoreMissing, refuseLinkToNowhere, temporaryPath, writeAt } from './directory-files.ts';
import { keyOfNames, namesOfKey, OWN_FOLDER } from './directory-keys.ts';
import { listLeftovers, removeLeftover } from './directory-leftovers.ts';
import { createObjectFolder, type ObjectFolder } from './directory-objects.ts';
import { openBody, readInto } from './directory-read.ts';
import { createUploadFolder } from './directory-upload.ts';
import { assertKey, assertMetadata, compareKeys } from './keys.ts';
import type { BodyDigests, CallOptions, ObjectAttributes, ObjectStore, Upload } from './object-store.ts';
import type { StoreLimits } from './store-limits.ts';

export interface DirectoryStoreOptions {
  /** An existing directory; a missing one may be a disk that is not mounted, so it is never created. */
  readonly path: string;
  /** Under what backups live; ends in `/` (added if it does not). */
  readonly prefix: string;
}

/** S3's limits, so that what was stored here can be copied there. */
const LIMITS: StoreLimits = {
  minPartBytes: 5 * 1024 ** 2,
  maxPartBytes: 5 * 1024 ** 3,
  maxParts: 10_000,
  maxObjectBytes: 10_000 * 5 * 1024 ** 3,
  equalParts: false,
  maxPartsInFlight: undefined,
};

/** A store in a directory: each object a plain file under its key, all else in `.zfs3backup` (docs/decisions.md). */
export function createDirectoryStore(options: DirectoryStoreOptions): ObjectStore {
  const root = resolve(options.path);
  const objects = createObjectFolder(root);
  const uploads = createUploadFolder(join(root, OWN_FOLDER, 'uploads'), objects, LIMITS.maxParts);

  async function run<T>(
    operation: string,
    key: string,
    work: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      const stats = await stat(root).catch(ignoreMissing);
      if (!stats?.isDirectory()) throw noSuchRoot(root, operation, stats !== undefined);
      return await work();
    } catch (error) {
      throw asStoreError(error, root, operation, key);
    }
  }

  const wrap = <U extends Upload>(upload: U): U => ({
    ...upload,
    putPart: (number, body, call) =>
      run('putPart', upload.key, () => upload.putPart(number, body, call), call?.signal),
    listParts: (call) => run('listParts', upload.key, () => upload.listParts(call), call?.signal),
    complete: (parts, call) => run('complete', upload.key, () => upload.complete(parts, call), call?.signal),
    abort: (call) => run('abort', upload.key, () => upload.abort(call), call?.signal),
  });

  return {
    url: `file://${root}`,
    arguments: ['--store', pathToFileURL(root).href],
    prefix: options.prefix === '' || options.prefix.endsWith('/') ? options.prefix : `${options.prefix}/`,
    limits: LIMITS,
    wantedDigests: ['sha256'],
    canPutIfAbsent: true,
    async *list(prefix, call = {}) {
      const keys = await run('list', prefix, () => readKeys(root, prefix), call.signal);
      for (const key of keys) {
        if (call.startAfter !== undefined && compareKeys(key, call.startAfter) <= 0) continue;
        const found = await run('list', prefix, () => objects.find(key), call.signal);
        if (found === undefined) continue;
        const { metadata: _, digest: __, ...summary } = found.info;
        yield summary;
      }
    },
    head: async (key, call) => {
      assertKey('head', key);
      return (await run('head', key, () => objects.find(key), call?.signal))?.info;
    },
    get: async (key, call = {}) => {
      assertKey('get', key);
      return run('get', key, async () => openBody(root, key, await objects.find(key), call), call.signal);
    },
    getInto: async (key, into, call) => {
      assertKey('get', key);
      return run(
        'get',
        key,
        async () => readInto(root, key, await objects.find(key), into, call),
        call.signal,
      );
    },
    put: async (key, body, call = {}) => {
      assertKey('put', key);
      assertMetadata('put', key, call.metadata);
      return run('put', key, () => putWhole(root, objects, key, body, call), call.signal);
    },
    remove: async (key, call) => {
      assertKey('remove', key);
      return run('remove', key, () => objects.remove(key), call?.signal);
    },
    startUpload: async (key, call = {}) => {
      assertKey('startUpload', key);
      assertMetadata('startUpload', key, call.metadata);
      const { signal, ...attributes } = call;
      return wrap(await run('startUpload', key, () => uploads.start(key, attributes), signal));
    },
    openUploads: async (prefix, call) =>
      (await run('openUploads', prefix, () => uploads.open(prefix), call?.signal)).map(wrap),
    describe: () => describeFolder(root),
    leftovers: {
      list: (call) => run('list', OWN_FOLDER, () => listLeftovers(root, objects), call?.signal),
      remove: (name, call) => run('remove', name, () => removeLeftover(root, objects, name), call?.signal),
    },
    close: () => {},
  };
}

type PutOptions = CallOptions & ObjectAttributes & BodyDigests & { readonly ifAbsent?: boolean };

async function putWhole(
  root: string,
  objects: ObjectFolder,
  key: string,
  body: Uint8Array,
  { metadata, storageClass, ifAbsent = false, ...call }: PutOptions,
): Promise<{ etag: string }> {
  const temporary = await temporaryPath(join(root, OWN_FOLDER, 'temp'));
  try {
    await using handle = await open(temporary, 'wx', FILE_MODE);
    const etag = await writeAt(handle, body, 0, call);
    const attributes = { ...(metadata && { metadata }), ...(storageClass && { storageClass }) };
    await objects.publish({ key, temporary, handle, etag, attributes, ifAbsent });
    return { etag };
  } catch (error) {
    await unlink(temporary).catch(ignoreMissing);
    throw error;
  }
}

/** What a link leads to; `undefined` where that was removed meanwhile. */
async function readLinked(path: string) {
  await refuseLinkToNowhere(path);
  return (await stat(path).catch(ignoreMissing)) ?? undefined;
}

async function readKeys(root: string, prefix: string): Promise<string[]> {
  const folders = prefix.includes('/') ? namesOfKey(prefix.slice(0, prefix.lastIndexOf('/'))) : [];
  const keys = new Set<string>();
  async function walk(names: readonly string[]): Promise<void> {
    const entries = await readdir(join(root, ...names), { withFileTypes: true }).catch(ignoreMissing);
    for (const entry of entries ?? []) {
      if (names.length === 0 && entry.name === OWN_FOLDER) continue;
      const path = [...names, entry.name];
      // Keys are read and written through links, so they are listed through them as well.
      const kind = entry.isSymbolicLink() ? await readLinked(join(root, ...path)) : entry;
      if (kind?.isDirectory()) await walk(path);
      const key = kind?.isFile() ? keyOfNames(path) : undefined;
      if (key?.startsWith(prefix)) keys.add(key);
    }
  }
  for (const depth of folders.keys()) {
    await refuseLinkToNowhere(join(root, ...folders.slice(0, depth + 1)));
  }
  await walk(folders);
  return [...keys].sort(compareKeys);
}
