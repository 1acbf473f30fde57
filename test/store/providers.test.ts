import { describe, expect, it } from 'vitest';
import { PROVIDERS, providerFor } from '../../src/store/providers.ts';

describe('the provider of an endpoint', () => {
  it.each([
    [undefined, 'aws', 'us-east-1'],
    ['https://s3.amazonaws.com', 'aws', 'us-east-1'],
    ['https://s3.eu-central-1.amazonaws.com', 'aws', 'eu-central-1'],
    ['https://s3.us-gov-west-1.amazonaws.com', 'aws', 'us-gov-west-1'],
    ['https://s3.cn-north-1.amazonaws.com.cn', 'aws', 'cn-north-1'],
    ['https://bucket.vpce-1a-2b.s3.us-west-2.vpce.amazonaws.com', 'aws', 'us-west-2'],
    ['https://abc123.r2.cloudflarestorage.com', 'r2', 'auto'],
    ['https://abc123.eu.r2.cloudflarestorage.com/', 'r2', 'auto'],
    ['https://s3.us-west-004.backblazeb2.com', 'b2', 'us-west-004'],
    ['https://storage.googleapis.com', 'gcs', 'auto'],
    ['https://s3.wasabisys.com', 'wasabi', 'us-east-1'],
    ['https://s3.eu-central-2.wasabisys.com', 'wasabi', 'eu-central-2'],
    ['https://s3.nl-ams.scw.cloud', 'scaleway', 'nl-ams'],
    ['https://nyc3.digitaloceanspaces.com', 'digitalocean', 'nyc3'],
    ['https://FSN1.your-objectstorage.com', 'hetzner', 'fsn1'],
    ['http://127.0.0.1:9000', 'generic', 'us-east-1'],
    ['https://amazonaws.com.example.org', 'generic', 'us-east-1'],
    ['https://notamazonaws.com', 'generic', 'us-east-1'],
    ['https://wasabisys.com.evil', 'generic', 'us-east-1'],
    ['not a url', 'generic', 'us-east-1'],
  ])('%s is %s in %s', (endpoint, name, region) => {
    expect(providerFor(endpoint)).toMatchObject({ name, region });
  });
});

describe('the profiles', () => {
  it('are named as they are called', () => {
    for (const [name, profile] of Object.entries(PROVIDERS)) expect(profile.name).toBe(name);
  });

  it('have limits that fit each other', () => {
    for (const { limits } of Object.values(PROVIDERS)) {
      expect(limits.minPartBytes).toBeLessThanOrEqual(limits.maxPartBytes);
      expect(limits.maxObjectBytes).toBeLessThanOrEqual(limits.maxParts * limits.maxPartBytes);
    }
  });

  it('know what differs', () => {
    expect(PROVIDERS.scaleway.limits.maxParts).toBe(1000);
    expect(PROVIDERS.r2.limits).toMatchObject({ equalParts: true, maxPartsInFlight: 2 });
    expect(PROVIDERS.b2.unsignedPayload).toBe(false);
    expect(PROVIDERS.gcs).toMatchObject({ deleteOneByOne: true, conditionalPut: false });
    expect(PROVIDERS.wasabi.minBilledDays).toBe(90);
    expect(PROVIDERS.aws).toMatchObject({
      pathStyle: false,
      limits: { maxObjectBytes: 10_000 * 5 * 1024 ** 3 },
    });
  });
});
