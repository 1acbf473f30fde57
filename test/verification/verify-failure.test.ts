import { describe, expect, it } from 'vitest';
import { ProcessFailedError, StoreError, Zfs3BackupError } from '../../src/errors.ts';
import { explainVerifyFailure } from '../../src/verification/verify-failure.ts';

const refusal = (stderr: string) =>
  new ProcessFailedError({ command: ['zfs', 'receive', 'x'], exitCode: 1, stderr });
const store = (code: 'NO_SUCH_KEY' | 'MISMATCH' | 'STORE_UNREACHABLE' | 'NO_SUCH_BUCKET' | 'ARCHIVED') =>
  new StoreError(code, 'words.', { operation: 'get', key: 'p/a@1', retryable: false });

describe('what a failure says of a backup', () => {
  it.each([
    'cannot receive new filesystem stream: invalid backup stream',
    'cannot receive incremental stream: most recent snapshot of x does not\nmatch incremental source',
    'cannot receive: incremental send stream requires -L (--large-block), to match previous receive.',
    'cannot receive resume stream: checksum mismatch or incomplete stream.',
    'cannot perform raw receive on top of existing unencrypted dataset',
  ])('ZFS refuses the stream: %s', (words) => {
    expect(explainVerifyFailure(refusal(words), 'receiving')).toMatchObject({ finding: { kind: 'receive' } });
  });

  it.each([
    'cannot receive new filesystem stream: out of space',
    'cannot receive new filesystem stream: permission denied',
    'cannot receive new filesystem stream: pool must be upgraded to receive this stream.',
    'cannot receive new filesystem stream: stream has unsupported feature, feature flags = 0',
  ])('this machine cannot take it: %s', (words) => {
    expect(explainVerifyFailure(refusal(words), 'receiving')).toMatchObject({ notVerified: {} });
  });

  it.each([
    ['NO_SUCH_KEY', { finding: { kind: 'missing', message: 'words' } }],
    ['MISMATCH', { finding: { kind: 'object', message: 'words' } }],
    ['STORE_UNREACHABLE', { notVerified: { code: 'STORE_UNREACHABLE', message: 'words' } }],
    ['ARCHIVED', { note: expect.stringContaining('p/a@1 is archived') }],
  ] as const)('the store says %s', (code, expected) => {
    expect(explainVerifyFailure(store(code), 'reading')).toEqual(expected);
  });

  it('a decoder that fails has met bad data', () => {
    expect(explainVerifyFailure(refusal('crc error'), 'decoding')).toMatchObject({
      finding: { kind: 'stream' },
    });
    const corrupt = new Zfs3BackupError('CORRUPT_STREAM', 'cut short');
    expect(explainVerifyFailure(corrupt, 'decoding')).toMatchObject({ finding: { kind: 'stream' } });
  });

  it('what says nothing of it is thrown again', () => {
    for (const error of [new TypeError('a bug'), store('NO_SUCH_BUCKET')])
      expect(() => explainVerifyFailure(error, 'reading')).toThrow(error);
  });
});
