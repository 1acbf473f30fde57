import { createHash, randomBytes, randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StoredPart } from '../../src/store/object-store.ts';
import { type Cli, createCli } from '../main/run-cli.ts';
import { type CliStore, createCliStore } from '../s3/cli-store.ts';
import { createTestFolder } from '../test-folder.ts';

const MIB = 1024 ** 2;
const PART = 5 * MIB;
/** More by `ZFS3BACKUP_TEST_KILLS`: 60 take about four minutes. */
const KILLS = Number(process.env['ZFS3BACKUP_TEST_KILLS'] ?? 12);

let job: CliStore;
let cli: Cli;
let folder: string;
beforeAll(async () => {
  job = await createCliStore();
  cli = await createCli(job.env);
  folder = await createTestFolder('kill');
});

async function digestOf(key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of (await job.store.get(key)).chunks) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * Starts an upload and kills it after a while; tells the whole parts that the store has then, if it is still open. What
 * it made of a body that was cut is no such part.
 */
async function killUpload(
  key: string,
  file: string,
  bytes: number,
  afterMs: number,
): Promise<number | undefined> {
  const program = execa(
    'bash',
    ['-c', 'exec "$0" bin/pput.js "$1" -s 5M --resume < "$2"', process.execPath, key, file],
    {
      env: cli.env,
      extendEnv: false,
      reject: false,
    },
  );
  await setTimeout(afterMs);
  program.kill('SIGKILL');
  await program;
  // a part whose body had arrived may still be stored
  await setTimeout(300);
  const [open] = await job.store.openUploads(key);
  const isWhole = (part: StoredPart) => part.bytes === Math.min(PART, bytes - (part.partNumber - 1) * PART);
  return open && (await open.listParts()).filter(isWhole).length;
}

describe('kill −9 at a random moment', () => {
  it.each(Array.from({ length: KILLS }, (_, at) => at + 1))(
    'number %i: the next run ends what it began',
    async (number) => {
      const bytes = randomInt(1, 40 * MIB);
      const body = randomBytes(bytes);
      const file = join(folder, `${number}`);
      const key = `killed/${number}`;
      await writeFile(file, body);
      const afterMs = randomInt(150, 1500);
      const there = await killUpload(key, file, bytes, afterMs);
      const about = `${bytes} bytes, killed after ${afterMs} ms with ${there ?? 'no'} parts`;
      const rest = await cli.shell(`pput '${key}' -s 5M --resume --json < ${file}`);
      expect(rest.status, `${about}: ${rest.stderr}`).toBe(0);
      const { parts, skippedParts } = JSON.parse(rest.stdout);
      if (there !== undefined) {
        expect(parts, about).toBe(Math.ceil(bytes / PART));
        expect(skippedParts, about).toBe(there);
      }
      expect(await digestOf(key), about).toBe(createHash('sha256').update(body).digest('hex'));
      expect(await job.store.openUploads(key), about).toEqual([]);
      await job.store.remove(key);
    },
  );

  it('leaves none of its notes behind', async () => {
    for await (const { key } of job.store.list(`${job.store.prefix}.uploads/`))
      throw new Error(`${key} is left`);
  });
});
