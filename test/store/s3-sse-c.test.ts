import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { assertSecure, readSseCKey } from '../../src/store/s3-sse-c.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zfs3backup-key-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function keyFile(content: string | Uint8Array, mode = 0o600): Promise<string> {
  const file = join(folder, randomBytes(8).toString('hex'));
  await writeFile(file, content, { mode });
  return file;
}

describe('a key file', () => {
  it.each<[string, (key: Buffer) => string | Buffer]>([
    ['raw', (key) => key],
    ['in base64', (key) => key.toString('base64')],
    ['in base64 with a line end', (key) => `${key.toString('base64')}\n`],
  ])('holds 32 bytes %s', async (_, write) => {
    const key = randomBytes(32);
    expect(Buffer.from(await readSseCKey(await keyFile(write(key)))).equals(key)).toBe(true);
  });

  it.each(['', 'hush-hush', randomBytes(16).toString('base64'), randomBytes(31)])(
    'with anything else is refused without a word of it',
    async (content) => {
      const error = await readSseCKey(await keyFile(content)).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 'CONFIG' });
      expect(String(error)).toMatch(/S3_SSE_C_KEY_FILE: .* holds no key: 32 bytes/);
      expect(String(error)).not.toContain('hush');
    },
  );

  it('that is missing is named', async () => {
    await expect(readSseCKey('/no/such/key')).rejects.toThrow('/no/such/key does not exist');
  });

  it('that others may read is warned of', async () => {
    const warnings: string[] = [];
    const warn = (_: object, text: string) => void warnings.push(text);
    const logger = { debug() {}, info() {}, warn };
    await readSseCKey(await keyFile(randomBytes(32)), logger);
    expect(warnings).toEqual([]);
    const file = await keyFile(randomBytes(32), 0o644);
    await readSseCKey(file, logger);
    expect(warnings).toEqual([`${file} is open to other users: chmod 600 ${file}`]);
  });
});

describe('a key of the user’s', () => {
  it.each([
    undefined,
    'https://s3.example.com',
    'http://127.0.0.1:9000',
    'http://localhost:1',
    'http://[::1]:1',
  ])('may go to %s', (endpoint) => {
    expect(() => assertSecure(endpoint)).not.toThrow();
  });

  it.each(['http://s3.example.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1:9000'])(
    'never goes to %s',
    async (endpoint) => {
      const sseCKeyFile = await keyFile(randomBytes(32));
      await expect(openStore('s3://b', { endpoint, sseCKeyFile })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('needs https'),
      });
    },
  );

  it('excludes one of the server’s', async () => {
    const sseCKeyFile = await keyFile(randomBytes(32));
    await expect(openStore('s3://b', { sse: 'AES256', sseCKeyFile })).rejects.toThrow('exclude each other');
  });
});
