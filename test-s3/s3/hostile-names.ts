import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createDirectoryStore } from '../../src/store/directory-store.ts';

export const PREFIX = 'zfs3backup-backup/';
const ESC = '\u001b';
const BELL = '\u0007';

/** Names that would do harm where they reach a terminal, a path or a command line as they are. */
export const HOSTILE_NAMES: readonly string[] = [
  `tank/data@${ESC}[2J${ESC}]0;owned${BELL}`,
  `tank/${ESC}[31mdata@x`,
  'tank/data@a\nzfs3backup: all is well',
  'tank/data@a\rb\tc\bd',
  'tank/data@\u009b2J\u0085',
  'tank/data@\u202egnp.exe\u2066\u061c',
  'tank/da\u200bta@zero\u2060width\ufeff',
  'tank/data@\u2028line\u2029paragraph',
  'tank/data@\u{e0041}tag',
  'tank/data@\u007f',
  '../../../etc/cron.d/owned@x',
  'tank/../../../owned@x',
  'tank/data/..@x',
  'tank/data@../../owned',
  '/etc/owned@x',
  './tank@x',
  '~/owned@x',
  'tank\\..\\data@x',
  '-rf@x',
  '--help@x',
  '-oProxyCommand=owned@x',
  'tank/data@-F',
  'tank/data@--output=/owned',
  'tank/-o@-x',
  'tank/data@$(touch owned)',
  'tank/data@`touch owned`;touch owned|touch owned&',
  'tank/data@\'"\\',
  'tank/data@%1b%2e%2e%2f',
  'tank/data@%00%0a',
  'tank/data@a@b',
  'tank/data#bookmark@x',
  '@',
  'tank/data@',
  '@snapshot',
  'tank//data@x',
  'tank/data/@x',
  `tank/data@${'long'.repeat(240)}`,
  `${'d/'.repeat(400)}@x`,
  // Records and notes beside the backups, and what pretends to be one.
  `.records/tank/data@${ESC}[2J/1,f`,
  '.records/../../owned@x/1,f',
  `.records/tank/data@good/1,f,g${ESC}[2J`,
  '.records/tank/data@good/1,i,p..%2f..%2fowned,z%1b%5b2J',
  `.records/tank/data@good/${'9'.repeat(400)}`,
  '.records/-rf@-F/1,o',
  `.uploads/${ESC}[2J.json`,
  '.uploads/../../owned.json',
  '.zfs3backup/objects/owned@x',
];

const TEXT = `${ESC}[2J\u202e -rf $(touch owned)\n../../owned`;
/** What a header can carry of it. */
const HEADER = '-rf $(touch owned) ../../owned "\'`;|';

/** Metadata that says things of itself which are none, on names that are fine. */
const HOSTILE_METADATA: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tank/data@bad-parent': { parent: '../../owned@-rf' },
  'tank/data@bad-option': { parent: '-rf' },
  'tank/data@bad-compressor': { isfull: 'true', compressor: HEADER },
  'tank/data@bad-encryptor': { isfull: 'true', encryptor: '--help' },
  'tank/data@bad-numbers': { isfull: 'true', size: '-1e999', guid: '9'.repeat(300), 'parent-guid': 'NaN' },
  'tank/data@bad-flags': { isfull: 'true', 'send-flags': '-F --help ; touch owned' },
  'tank/data@itself': { parent: 'tank/data@itself' },
  'tank/data@proto': { isfull: 'true', __proto__: 'x', constructor: 'x' },
};

/** A good one among them, which must not be lost for the others. */
export const GOOD = 'tank/data@good';

/** What a note says that somebody else has put there. */
const NOTE = JSON.stringify({
  ...{ version: 1, key: `${PREFIX}${GOOD}`, uploadId: TEXT, metadata: { [TEXT]: TEXT } },
  ...{ schedule: [{ firstPart: 1, bytes: 5 * 1024 ** 2 }] },
  writer: { host: TEXT, boot: TEXT, pid: 1, started: TEXT },
});

const bodyOf = (name: string) => (name.startsWith('.uploads/') ? NOTE : `{"version":1,"tool":"${HEADER}"}`);

/** Puts all of it into a bucket by a bare client; returns what has to be done to take the uploads back. */
export async function fillBucket(client: S3Client, bucket: string): Promise<() => Promise<void>> {
  const put = (name: string, Metadata: Record<string, string> = {}) =>
    client.send(
      new PutObjectCommand({ Bucket: bucket, Key: `${PREFIX}${name}`, Body: bodyOf(name), Metadata }),
    );
  const uploads: { Key: string; UploadId: string | undefined }[] = [];
  for (const name of HOSTILE_NAMES.filter(fits)) {
    await put(name, { isfull: 'true' });
    const Key = `${PREFIX}${name}`;
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    uploads.push({ Key, UploadId });
  }
  for (const [name, metadata] of Object.entries(HOSTILE_METADATA)) await put(name, { ...metadata });
  await put(GOOD, { isfull: 'true' });
  return async () => {
    for (const upload of uploads)
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, ...upload }));
  };
}

/** The same in a folder; what no header could carry is written into the files that hold metadata. */
export async function fillFolder(path: string): Promise<void> {
  const store = createDirectoryStore({ path, prefix: PREFIX });
  for (const name of HOSTILE_NAMES.filter(fits)) {
    await store.put(`${PREFIX}${name}`, Buffer.from(bodyOf(name)), { metadata: { isfull: 'true' } });
    await store.startUpload(`${PREFIX}${name}`);
  }
  for (const [name, metadata] of Object.entries(HOSTILE_METADATA))
    await store.put(`${PREFIX}${name}`, Buffer.from('x'), { metadata });
  await store.put(`${PREFIX}${GOOD}`, Buffer.from('x'), { metadata: { isfull: 'true' } });
  for (const key of ['parent', 'compressor', 'encryptor', 'guid', 'send-flags', TEXT]) {
    await store.put(`${PREFIX}tank/data@side-${HOSTILE_NAMES.length}${key.length}`, Buffer.from('x'));
    await rewriteSides(join(path, '.zfs3backup/objects', PREFIX, 'tank'), `${key.length}%`, { [key]: TEXT });
  }
}

/** Puts metadata where a store that checks what it is given would not have it. */
async function rewriteSides(folder: string, marked: string, metadata: object): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('data@side-') || !name.includes(marked)) continue;
    const side: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'));
    await writeFile(join(folder, name), JSON.stringify({ ...(side as object), metadata }));
  }
}

function fits(name: string): boolean {
  return Buffer.byteLength(PREFIX + name) <= 1024;
}
