import { StoreError } from '../errors.ts';
import { datasetPrefix } from '../lineage/key.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { Metadata, ObjectStore } from '../store/object-store.ts';
import { findOpenUpload, type ResumableUpload } from '../transfer/open-upload.ts';

export interface LeftOpenOptions {
  readonly store: ObjectStore;
  /** Do not refuse when another process seems to be at it. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/** Uploads of a dataset's backups that earlier runs left open. */
export interface LeftOpen {
  /** The one to go on with; `null`: there is none for this object; `undefined`: none was open for its key. */
  find(backup: {
    readonly key: string;
    readonly metadata: Metadata;
  }): Promise<ResumableUpload | null | undefined>;
}

/** One request for all of them; who may not list uploads backs up all the same. */
export async function readLeftOpen(dataset: string, options: LeftOpenOptions): Promise<LeftOpen> {
  const { store, force = false, logger = silentLogger, signal } = options;
  const keys = await readOpenKeys(dataset, options);
  return {
    async find({ key, metadata }) {
      if (!keys.has(key)) return undefined;
      return (await findOpenUpload({ store, key, metadata, resume: true, force, logger, signal })) ?? null;
    },
  };
}

async function readOpenKeys(
  dataset: string,
  { store, signal }: LeftOpenOptions,
): Promise<ReadonlySet<string>> {
  try {
    const open = await store.openUploads(datasetPrefix(store.prefix, dataset), signal ? { signal } : {});
    return new Set(open.map(({ key }) => key));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_DENIED') return new Set();
    throw error;
  }
}
