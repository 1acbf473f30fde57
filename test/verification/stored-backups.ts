import { execFile } from 'node:child_process';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { backup } from '../../src/backup.ts';
import type { Filter } from '../../src/filters/filter.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { VerifyOptions } from '../../src/verify.ts';
import { temporaryFolder } from '../stream/fixtures.ts';
import { createMachine, type MachineSnapshot, streamOf } from '../zfs-machine.ts';
import { check, filters } from './verdicts.ts';

export const DATASET = 'tank/a';
export const PART_BYTES = 3000;
const run = promisify(execFile);

/** Three snapshots, stored as a full and two incrementals, in parts of 3,000 bytes, with their records. */
export async function createChain({
  compressor,
  encryptor,
}: {
  readonly compressor?: string;
  readonly encryptor?: Filter;
} = {}) {
  const folder = await temporaryFolder();
  const directory = createDirectoryStore({ path: folder, prefix: 'p/' });
  const store: ObjectStore = { ...directory, limits: { ...directory.limits, minPartBytes: 1 } };
  const machine = createMachine(
    DATASET,
    ['1', '2', '3'].map((name, at) => ({ name, guid: BigInt(at + 11) })),
  );
  const filter = filters.find(compressor);
  await backup({
    ...{ store, source: machine.source, dataset: DATASET, history: true, partBytes: PART_BYTES },
    ...(filter ? { filter } : {}),
    ...(encryptor ? { encryptor } : {}),
  });
  const fileOf = (snapshot: string) => join(folder, 'p', `${DATASET}@${snapshot}`);
  return {
    store,
    machine,
    folder,
    fileOf,
    check: (options: Partial<VerifyOptions> = {}) => check(store, options),
  };
}

/** Objects put there by other programs, without records. */
export async function createBucket(
  objects: Readonly<Record<string, { readonly body: Buffer; readonly metadata: Record<string, string> }>>,
) {
  const folder = await temporaryFolder();
  const store = createDirectoryStore({ path: folder, prefix: 'p/' });
  for (const [name, { body, metadata }] of Object.entries(objects)) {
    await store.put(`p/${DATASET}@${name}`, body, { metadata });
  }
  return store;
}

export const full = (snapshot: MachineSnapshot, more: Record<string, string> = {}) => ({
  body: streamOf(DATASET, snapshot),
  metadata: { isfull: 'true', ...more },
});
export const incremental = (
  snapshot: MachineSnapshot,
  parent: string,
  more: Record<string, string> = {},
) => ({
  body: streamOf(DATASET, snapshot),
  metadata: { parent: `${DATASET}@${parent}`, ...more },
});

/** Changes a file as a bad disk does: neither its time nor its size tell. */
export async function rot(file: string, at: number): Promise<void> {
  await run('cp', ['-p', file, `${file}.before`]);
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  await handle.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
  await handle.close();
  await run('touch', ['-r', `${file}.before`, file]);
  await unlink(`${file}.before`);
}
