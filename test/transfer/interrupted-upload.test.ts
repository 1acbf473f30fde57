import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bytesOf, leftovers, NOTHING } from './bytes.ts';
import { createFaultStore, hanging } from './fault-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { PART, put } from './put-parts.ts';

describe('an upload that is interrupted', () => {
  it.each(['source', 'putPart', 'startUpload', 'head', 'put'] as const)(
    'while it waits for %s stops reading, drops the upload and rejects with the reason',
    async (where) => {
      const inner = createMemoryStore();
      const store = createFaultStore(inner, { faults: where === 'source' ? {} : { [where]: hanging } });
      const reason = new Error('SIGTERM');
      const abort = new AbortController();
      let returned = false;
      async function* source() {
        try {
          yield bytesOf(where === 'put' ? 10 : 3 * PART);
          if (where === 'source') await once(abort.signal, 'abort');
        } finally {
          returned = true;
        }
      }
      const call = put(store, new Uint8Array(), { source: source(), signal: abort.signal });
      setTimeout(() => abort.abort(reason), 20);
      await expect(call).rejects.toBe(reason);
      expect(returned).toBe(true);
      expect(await leftovers(inner)).toEqual(NOTHING);
    },
  );

  it('while its only request is under way still ends it, for then nothing is unknown', async () => {
    const inner = createMemoryStore();
    const abort = new AbortController();
    const store = createFaultStore(inner, {
      faults: {
        put: async ({ signal }, proceed) => {
          abort.abort(new Error('SIGTERM'));
          await new Promise((resolve) => setTimeout(resolve, 20));
          signal?.throwIfAborted();
          return proceed();
        },
      },
    });
    await expect(put(store, bytesOf(10), { signal: abort.signal })).resolves.toMatchObject({
      storedBytes: 10,
    });
  });

  it('does not wait for ever for a source that does not end', async () => {
    const inner = createMemoryStore();
    async function* stuck() {
      yield bytesOf(3 * PART);
      await new Promise(() => {});
    }
    const abort = new AbortController();
    const call = put(inner, new Uint8Array(), { source: stuck(), signal: abort.signal });
    setTimeout(() => abort.abort(new Error('SIGTERM')), 20);
    await expect(call).rejects.toThrow('SIGTERM');
    expect(await leftovers(inner)).toEqual(NOTHING);
  });

  it('does not begin when it was interrupted before', async () => {
    const store = createFaultStore(createMemoryStore());
    const signal = AbortSignal.abort(new Error('SIGTERM'));
    await expect(put(store, bytesOf(10), { signal })).rejects.toThrow('SIGTERM');
    expect(store.calls).toEqual([]);
  });

  it('while Complete is under way still ends it, for then nothing is unknown', async () => {
    const inner = createMemoryStore();
    const abort = new AbortController();
    const store = createFaultStore(inner, {
      faults: {
        complete: async (_call, proceed) => {
          abort.abort(new Error('SIGTERM'));
          await new Promise((resolve) => setTimeout(resolve, 20));
          return proceed();
        },
      },
    });
    await put(store, bytesOf(3 * PART), { signal: abort.signal });
    expect(await leftovers(inner)).toEqual({ object: true, uploads: 0 });
    expect(store.count('abort')).toBe(0);
  });
});
