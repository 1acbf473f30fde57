import type { Config } from './config/config.ts';
import { demandStore } from './config/demand.ts';
import { createFilterRegistry, type FilterRegistry } from './filters/registry.ts';
import type { Logger } from './logger.ts';
import type { SnapshotSource } from './sources/source.ts';
import { createZfsSource } from './sources/zfs/zfs-source.ts';
import type { ObjectStore } from './store/object-store.ts';
import { openStore } from './store/open-store.ts';
import { createRetry } from './store/retry.ts';

/** The parts that a configuration names, put together. */
export interface Context {
  readonly store: ObjectStore;
  readonly source: SnapshotSource;
  readonly filters: FilterRegistry;
}

/** Throws `ConfigError` when no store is named (`file`: where it could be named); makes no request and starts no process yet. */
export async function openContext(
  config: Config,
  { logger, file }: { readonly logger: Logger; readonly file?: string | undefined },
): Promise<Context> {
  const store = await openStore(demandStore(config, file), {
    endpoint: config.endpoint,
    provider: config.provider,
    region: config.region,
    profile: config.profile,
    credentials: config.credentials,
    forcePathStyle: config.forcePathStyle,
    storageClass: config.storageClass,
    sse: config.sse,
    sseKmsKeyId: config.sseKmsKeyId,
    acl: config.acl,
    sseCKeyFile: config.sseCKeyFile,
    tags: config.tags,
    objectLock: config.objectLock,
    bytesPerSecond: config.bytesPerSecond,
    retry: createRetry({ attempts: config.maxRetries + 1, logger }),
    logger,
  });
  return { store, source: createZfsSource(), filters: createFilters(config) };
}

/** The filters as a configuration has them: a dataset may have recipients of its own. */
export function createFilters({ compressors, encryption }: Config): FilterRegistry {
  return createFilterRegistry(compressors, encryption);
}
