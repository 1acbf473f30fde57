import { ConfigError } from '../errors.ts';
import type { Config, StoreLocation } from './config.ts';
import { CONFIG_FILES } from './schema.ts';

/** The store, for a command that needs one; throws `ConfigError` with every way to name it. */
export function demandStore(config: Config, file?: string): StoreLocation {
  if (config.store !== undefined) return config.store;
  throw missing(
    'no store is named',
    `Say --store s3://bucket/prefix, --store file:///path or --bucket NAME; or set ZFS3BACKUP_STORE or BUCKET in the environment; or write STORE= or BUCKET= under [main] in ${file ?? CONFIG_FILES[0]}.`,
  );
}

/** The dataset, for a command that needs one; throws `ConfigError` with every way to name it. */
export function demandDataset(config: Config, file?: string): string {
  if (config.dataset !== undefined) return config.dataset;
  throw missing(
    'no dataset is named',
    `Say --dataset pool/name; or set FILESYSTEM in the environment; or write FILESYSTEM= under [main] in ${file ?? CONFIG_FILES[0]}. Commands that work on several datasets take each that has a section [fs:pool/name] there.`,
  );
}

function missing(message: string, advice: string): ConfigError {
  return new ConfigError([{ where: 'configuration', message }], { advice });
}
