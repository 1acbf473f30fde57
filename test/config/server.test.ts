import { describe, expect, it } from 'vitest';
import { load } from './config-file.ts';

describe('the server and its credentials', () => {
  it('leaves path style to the provider unless it is told', async () => {
    const style = async (text: string) => (await load(`[main]\n${text}\n`)).config.forcePathStyle;
    expect(await style('ENDPOINT=http://127.0.0.1:9000')).toBeUndefined();
    expect(await style('ENDPOINT=http://127.0.0.1:9000\nFORCE_PATH_STYLE=false')).toBe(false);
    expect(await style('FORCE_PATH_STYLE=true')).toBe(true);
  });

  it('goes to the endpoint that other AWS programs go to, where nobody named one', async () => {
    const endpoint = async (text: string, env: Record<string, string>) =>
      (await load(`[main]\n${text}\n`, { env })).config.endpoint;
    const aws = { AWS_ENDPOINT_URL: 'http://general:1' };
    expect(await endpoint('', aws)).toBe('http://general:1');
    expect(await endpoint('', { ...aws, AWS_ENDPOINT_URL_S3: 'http://s3:1' })).toBe('http://s3:1');
    expect(await endpoint('', { ...aws, AWS_ENDPOINT_URL_S3: '' })).toBe('http://general:1');
    expect(await endpoint('ENDPOINT=aws', aws)).toBeUndefined();
    expect(await endpoint('', { ...aws, ENDPOINT: 'http://ours:1' })).toBe('http://ours:1');
    await expect(endpoint('', { AWS_ENDPOINT_URL: 'nonsense' })).rejects.toThrow(
      /environment AWS_ENDPOINT_URL: /,
    );
  });

  it('takes what is said of the provider, and nothing else', async () => {
    const provider = async (text: string) => (await load(`[main]\n${text}\n`)).config.provider;
    expect(await provider('')).toEqual({ limits: {} });
    expect(
      await provider(
        'PROVIDER=MinIO\nS3_CHECKSUM=crc32\nS3_UNSIGNED_PAYLOAD=no\nS3_MAX_PARTS=1000\nS3_MIN_PART_SIZE=8M\n' +
          'S3_MAX_PART_SIZE=1G\nS3_MAX_OBJECT_SIZE=10T\nS3_EQUAL_PARTS=yes\nS3_PARTS_IN_FLIGHT=3\n' +
          'S3_MD5_ETAGS=no\nS3_CONDITIONAL_PUT=yes\nS3_CONDITIONAL_COMPLETE=yes\nS3_DELETE_ONE_BY_ONE=yes\nS3_MIN_BILLED_DAYS=30',
      ),
    ).toEqual({
      name: 'minio',
      checksum: 'crc32',
      unsignedPayload: false,
      md5Etags: false,
      conditionalPut: true,
      conditionalComplete: true,
      deleteOneByOne: true,
      minBilledDays: 30,
      limits: {
        maxParts: 1000,
        minPartBytes: 8 * 1024 ** 2,
        maxPartBytes: 1024 ** 3,
        maxObjectBytes: 10 * 1024 ** 4,
        equalParts: true,
        maxPartsInFlight: 3,
      },
    });
  });

  it('reads tags and a lock, and tells what is wrong with them', async () => {
    const { config } = await load(
      '[main]\nS3_TAGS=purpose=backup, team=a b\nS3_OBJECT_LOCK_MODE=governance\nS3_RETAIN_DAYS=30\n',
    );
    expect(config.tags).toEqual({ purpose: 'backup', team: 'a b' });
    expect(config.objectLock).toEqual({ mode: 'GOVERNANCE', days: 30 });
    for (const [text, message] of [
      ['S3_TAGS=purpose', /is not a tag: write name=value/],
      ['S3_TAGS=a=1,a=2', /the tag a twice/],
      ['S3_TAGS=a=b;c', /a tag has letters/],
      [`S3_TAGS=${Array.from({ length: 11 }, (_, index) => `t${index}=1`).join(',')}`, /has 11 tags/],
      ['S3_OBJECT_LOCK_MODE=COMPLIANCE', /needs S3_RETAIN_DAYS/],
      ['S3_RETAIN_DAYS=3', /needs S3_OBJECT_LOCK_MODE/],
    ] as const) {
      await expect(load(`[main]\n${text}\n`)).rejects.toThrow(message);
    }
  });

  it('may take the key from one layer and the secret from another', async () => {
    const { config } = await load('[main]\nS3_KEY_ID=id\nPROFILE=p\n', { env: { S3_SECRET: 'hush' } });
    expect(config.credentials).toEqual({ accessKeyId: 'id', secretAccessKey: 'hush' });
    expect(JSON.stringify(config)).not.toContain('hush');
    expect({ ...config.credentials }).toEqual({ accessKeyId: 'id', secretAccessKey: 'hush' });
  });
});
