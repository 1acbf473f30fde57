import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createBucket, createChain, full } from './stored-backups.ts';
import { check, FINE, filters, of, verdicts } from './verdicts.ts';

describe('an object that cannot be read', () => {
  const refusing = (
    store: ObjectStore,
    code: 'ARCHIVED' | 'STORE_DENIED' | 'STORE_UNREACHABLE',
    keys = /@2$/,
  ): ObjectStore => {
    const { getInto: _, ...rest } = store;
    return {
      ...rest,
      get(key, call) {
        if (!keys.test(key)) return store.get(key, call);
        throw new StoreError(code, `get ${key}`, { operation: 'get', key, retryable: false });
      },
    };
  };

  it('because it is in an archive is named, and nothing is wrong with it', async () => {
    const { store } = await createChain();
    const result = await check(refusing(store, 'ARCHIVED'), { level: 2 });
    expect(verdicts(result)).toEqual(FINE);
    expect(of(result, '2')).toMatchObject({
      level: 1,
      notes: [expect.stringContaining('cannot be read now')],
    });
  });

  it('because the store is silent ends the reading, and what was found is told', async () => {
    const bodies = Array.from({ length: 30 }, (_, at) => [
      `x${at}`,
      full({ name: `x${at}`, guid: BigInt(at + 1) }),
    ]);
    const empty = { body: Buffer.alloc(0), metadata: { isfull: 'true' } };
    const store = await createBucket({ 0: empty, ...Object.fromEntries(bodies) });
    const result = await check(refusing(store, 'STORE_UNREACHABLE', /@x/), { level: 2 });
    // stored within one millisecond, they have no order
    expect(new Set(verdicts(result))).toEqual(
      new Set(['0: damaged', ...bodies.map(([name]) => `${name}: not verified`)]),
    );
    const left = result.backups.filter(({ notVerified }) => notVerified?.message.includes('not looked at'));
    expect(left.length).toBeGreaterThan(20);
  });

  it('because the store refuses is not verified, and the others are', async () => {
    const { store } = await createChain();
    const result = await check(refusing(store, 'STORE_DENIED'), { level: 2 });
    expect(verdicts(result)).toEqual(['1: ok', '2: not verified', '3: ok']);
    expect(of(result, '2').notVerified?.code).toBe('STORE_DENIED');
  });
});

describe('what this machine lacks to decode', () => {
  const rot = { name: 'rot', compress: ['tr', 'A-Z', 'a-z'], decompress: ['no-such-program'] };

  it.each([
    ['a filter', filters, 'UNKNOWN_FILTER'],
    ['its program', createFilterRegistry([], { external: [rot] }), 'PROGRAM_MISSING'],
  ])('%s leaves the comparing of the bytes', async (_, lacking, code) => {
    const encryptor = createFilterRegistry([], { external: [rot] }).findEncryptor('rot');
    const { check } = await createChain({ ...(encryptor ? { encryptor } : {}) });
    const result = await check({ level: 2, filters: lacking });
    expect(verdicts(result)).toEqual(['1: not verified', '2: not verified', '3: not verified']);
    expect(of(result, '1')).toMatchObject({ level: 1, findings: [], notVerified: { code } });
    expect(of(result, '1').notes).toEqual([expect.stringContaining('its stored bytes are those')]);
  });
});
