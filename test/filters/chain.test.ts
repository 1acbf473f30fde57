import { describe, expect, it } from 'vitest';
import { ProcessFailedError } from '../../src/errors.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { chunksOf, collect, cutAt, thrownBy } from '../stream/fixtures.ts';
import { bodyOf, keys } from './encryptors.ts';

describe('filters one behind the other', () => {
  const external = [{ name: 'rot', compress: ['tr', 'a-z', 'b-za'], decompress: ['tr', 'b-za', 'a-z'] }];
  const registry = () =>
    createFilterRegistry([], {
      age: { recipients: [keys.recipient], identityFile: keys.identityFile },
      gpg: { recipients: [keys.fingerprint], home: keys.gpgHome },
      external,
    });
  const key = 'z/tank@one';

  it.each([
    ['zstd', 'age'],
    ['gzip', 'gpg'],
    ['pigz1', 'age'],
    ['zstd', 'rot'],
    [undefined, 'age'],
    ['rot', undefined],
  ])('compress with %s, then encrypt with %s, and back', async (compressor, encryptor) => {
    const data = Buffer.from('some text, again and again; '.repeat(20_000));
    const chain = registry().encoderOf({ compressor, encryptor });
    const encoded = await collect(chain?.encode(cutAt(data, [70_000])) ?? chunksOf());
    if (compressor !== 'rot' && compressor) expect(encoded.byteLength).toBeLessThan(20_000);
    const back = registry().decoderOf({ key, compressor, encryptor });
    expect((await collect(back?.decode(cutAt(encoded, [3000])) ?? chunksOf())).equals(data)).toBe(true);
    const body = bodyOf(encoded);
    await registry().checkDecoder({ key, compressor, encryptor }, body.readHead);
    expect(body.asked()).toBe(encryptor === 'age' || encryptor === 'gpg' ? 1 : 0);
  });

  it('show what a person would type, in the order of the pipe', () => {
    const chain = registry().decoderOf({ key, compressor: 'gzip', encryptor: 'age' });
    expect(chain?.commands).toEqual({
      encode: [
        ['gzip', '-6'],
        ['age', '--encrypt', '--recipient', keys.recipient],
      ],
      decode: [
        ['age', '--decrypt', '--identity', keys.identityFile],
        ['gzip', '-d'],
      ],
    });
  });

  it('describe themselves for the record, with names of keys and never a key', async () => {
    const chain = registry().encoderOf({ compressor: 'zstd', encryptor: 'age' });
    expect(await chain?.describe()).toEqual([
      { name: 'zstd', version: expect.stringMatching(/^zstd 1\./) },
      { name: 'age', version: expect.stringMatching(/^age /), keyIds: [keys.recipient] },
    ]);
    expect(await registry().encoderOf({ compressor: 'rot', encryptor: undefined })?.describe()).toEqual([
      { name: 'rot', version: null },
    ]);
  });

  it('are nothing where nothing was done', () => {
    for (const none of [undefined, 'none', 'None']) {
      expect(registry().decoderOf({ key, compressor: none, encryptor: none })).toBeUndefined();
      expect(registry().encoderOf({ compressor: none, encryptor: none })).toBeUndefined();
    }
  });

  it('are refused where the encryptor is not known, and never taken for plain', () => {
    const stored = { key, compressor: 'zstd', encryptor: 'rage' };
    expect(() => registry().decoderOf(stored)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_FILTER',
        message: expect.stringContaining('z/tank@one is encrypted with rage'),
        advice: expect.stringContaining('[filter:rage]'),
      }),
    );
  });

  it('are refused by the name of the backup where the compressor is not known', () => {
    const stored = { key, compressor: 'lz9', encryptor: undefined };
    expect(() => registry().decoderOf(stored)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_FILTER',
        message: `${key} is compressed with lz9, which is not known here`,
        advice: expect.stringContaining('[compressor:lz9]'),
      }),
    );
  });

  it('are checked for their programs without starting them', async () => {
    const missing = {
      name: 'odd',
      compress: ['no-such-program', '-e'],
      decompress: ['no-such-program', '-d'],
    };
    const filters = createFilterRegistry([], { external: [missing] });
    const stored = { key, compressor: undefined, encryptor: 'odd' };
    for (const run of [
      () => filters.checkDecoder(stored, async () => Buffer.alloc(0)),
      () => filters.encoderOf(stored)?.checkEncode(),
    ]) {
      const error = await thrownBy(async () => run());
      expect(error).toBeInstanceOf(ProcessFailedError);
      expect(error).toMatchObject({
        code: 'PROGRAM_MISSING',
        command: expect.arrayContaining(['no-such-program']),
      });
    }
  });
});
