import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestPool } from './test-pool.ts';

export interface EncryptedDataset {
  readonly name: string;
  /** Where it is mounted, while its key is loaded. */
  readonly folder: string;
  /** Takes its key away. */
  lock(): Promise<void>;
  /** Brings the key back, or to what was received of it under another name, and mounts that. */
  unlock(dataset?: string): Promise<void>;
}

/** What only OpenZFS knows. The key lies in a file beside the dataset. */
export async function createEncryptedDataset(
  pool: TestPool,
  leaf: string,
  keyFormat: 'raw' | 'passphrase' = 'raw',
): Promise<EncryptedDataset> {
  const name = `${pool.name}/${leaf}`;
  const key = join(pool.mountpoint, `${leaf}.key`);
  await writeFile(key, keyFormat === 'raw' ? randomBytes(32) : 'a long passphrase');
  const properties = ['encryption=on', `keyformat=${keyFormat}`, `keylocation=file://${key}`];
  await pool.zfs('create', ...properties.flatMap((property) => ['-o', property]), name);
  return {
    name,
    folder: join(pool.mountpoint, leaf),
    async lock() {
      await pool.zfs('unmount', name);
      await pool.zfs('unload-key', name);
    },
    async unlock(dataset = name) {
      await pool.zfs('load-key', '-L', `file://${key}`, dataset);
      await pool.zfs('mount', dataset);
    },
  };
}
