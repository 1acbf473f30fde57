import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ChecksumMode, checksumMode, PROVIDERS } from '../../src/store/providers.ts';
import type { S3StoreOptions } from '../../src/store/s3-context.ts';
import { completed, empty, openStore, type Request, withComplete, xml } from './answering-server.ts';

describe('what goes with a body for the store to check', () => {
  const body = Buffer.from('123456789');
  const crc = 'cbf43926';
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
  const send = async (checksum: ChecksumMode, options: Partial<S3StoreOptions> = {}) => {
    const { store, requests } = await openStore(withComplete(completed), {
      provider: { ...PROVIDERS.generic, checksum },
      ...options,
    });
    await store.put('k', body);
    const upload = await store.startUpload('k');
    const parts = [await upload.putPart(1, body), await upload.putPart(2, Buffer.from('abc'))];
    await upload.complete(parts);
    const [put, create, part, , complete] = requests;
    const checks = (request: Request | undefined) =>
      Object.fromEntries(
        Object.entries(request?.headers ?? {}).filter(([name]) =>
          /checksum|content-md5|mp-object/.test(name),
        ),
      );
    return {
      put: checks(put),
      create: checks(create),
      part: checks(part),
      complete: checks(complete),
      list: complete?.body.toString() ?? '',
      parts,
      store,
    };
  };

  it('is nothing unless it is asked for', async () => {
    expect(await send('none')).toMatchObject({ put: {}, create: {}, part: {}, complete: {} });
  });

  it('is the MD5, also for a lock alone', async () => {
    const md5 = { 'content-md5': createHash('md5').update(body).digest('base64') };
    const objectLock = { mode: 'GOVERNANCE', days: 1 } as const;
    for (const sent of [await send('md5'), await send('none', { objectLock })]) {
      expect(sent).toMatchObject({ put: md5, part: md5, create: {}, complete: {} });
    }
  });

  it('is the CRC-32, and at the end that of the whole object', async () => {
    const { put, create, part, complete, list, parts } = await send('crc32');
    expect(put).toEqual({ 'x-amz-checksum-crc32': base64(crc) });
    expect(part).toEqual(put);
    expect(create).toEqual({ 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' });
    expect(complete).toEqual({
      'x-amz-checksum-crc32': base64(crc32(Buffer.concat([body, Buffer.from('abc')])).toString(16)),
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-amz-mp-object-size': '12',
    });
    expect(list).not.toContain('Checksum');
    expect(parts[0]?.checksum).toEqual({ algorithm: 'crc32', hex: crc });
  });

  it('is one for each part where the store keeps none of a whole', async () => {
    const { create, part, complete, list } = await send('crc32-parts');
    expect(part).toEqual({ 'x-amz-checksum-crc32': base64(crc) });
    expect(create).toEqual({ 'x-amz-checksum-algorithm': 'CRC32' });
    expect(complete).toEqual({});
    expect(list).toContain(`<ChecksumCRC32>${base64(crc)}</ChecksumCRC32>`);
    expect(checksumMode('crc32', { bucket: 'b--use1-az4--x-s3', locked: false })).toBe('crc32-parts');
  });

  it('may be the SHA-256', async () => {
    const sha256 = createHash('sha256').update(body).digest('base64');
    const { create, part, list } = await send('sha256-parts');
    expect(create).toEqual({ 'x-amz-checksum-algorithm': 'SHA256' });
    expect(part).toEqual({ 'x-amz-checksum-sha256': sha256 });
    expect(list).toContain(`<ChecksumSHA256>${sha256}</ChecksumSHA256>`);
  });

  it('is not computed where it is known', async () => {
    const { store, requests } = await openStore(xml(200, ''), {
      provider: { ...PROVIDERS.generic, checksum: 'crc32' },
    });
    await store.put('k', body, { crc32: '00000001' });
    expect(requests[0]?.headers['x-amz-checksum-crc32']).toBe('AAAAAQ==');
  });

  it.each([
    [{ 'x-amz-checksum-type': 'FULL_OBJECT' }, { algorithm: 'crc32', hex: crc }],
    [{}, { algorithm: 'crc32', hex: crc }],
    [{ 'x-amz-checksum-type': 'COMPOSITE' }, undefined],
    [{ 'x-amz-checksum-crc32': `${base64(crc)}-2` }, undefined],
  ])('is told by HEAD, with %j as %j', async (headers, expected) => {
    const { store, requests } = await openStore(
      empty(200, { etag: '"e"', 'x-amz-checksum-crc32': base64(crc), ...headers }),
      { provider: { ...PROVIDERS.generic, checksum: 'crc32' } },
    );
    expect((await store.head('k'))?.checksum).toEqual(expected);
    expect(requests[0]?.headers['x-amz-checksum-mode']).toBe('ENABLED');
  });

  it('is not asked of HEAD where none was sent, for that may need a permission', async () => {
    const { store, requests } = await openStore(empty(200));
    await store.head('k');
    expect(requests[0]?.headers['x-amz-checksum-mode']).toBeUndefined();
  });
});
