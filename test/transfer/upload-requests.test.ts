import { describe, expect, it } from 'vitest';
import { bytesOf, KEY, leftovers } from './bytes.ts';
import { answerLost, createFaultStore, type Fault, noAnswer } from './fault-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { PART, put } from './put-parts.ts';

describe('requests of an upload', () => {
  it('are one PUT and one HEAD for what fits one part', async () => {
    const store = createFaultStore(createMemoryStore());
    await put(store, bytesOf(PART), { ifExists: 'replace' });
    expect(store.calls.map(({ operation }) => operation)).toEqual(['put', 'head']);
  });

  it('are each made once when nothing fails', async () => {
    const store = createFaultStore(createMemoryStore());
    await put(store, bytesOf(2 * PART + 1), { ifExists: 'replace', concurrency: 1 });
    expect(store.calls.map(({ operation }) => operation)).toEqual([
      // who else is at this key
      'openUploads',
      // the note, without and with the ID
      ...['put', 'startUpload', 'put'],
      ...['putPart', 'putPart', 'putPart'],
      ...['listParts', 'complete', 'head'],
      // the note
      'remove',
    ]);
  });

  it('are one PUT and one HEAD, too, where the store itself refuses to replace', async () => {
    const store = createFaultStore(createMemoryStore({ conditional: true }));
    await put(store, bytesOf(PART));
    expect(store.calls.map(({ operation }) => operation)).toEqual(['put', 'head']);
    await expect(put(store, bytesOf(PART + 1))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    await expect(put(store, bytesOf(PART - 1))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    await put(store, bytesOf(PART - 1), { ifExists: 'replace' });
  });

  it('know what they stored themselves when the answer to the PUT was lost', async () => {
    const inner = createMemoryStore({ conditional: true });
    const store = createFaultStore(inner, { faults: { put: answerLost() } });
    await expect(put(store, bytesOf(PART))).resolves.toMatchObject({ storedBytes: PART, retries: 1 });
    const unlucky: Fault = async ({ n }, proceed) => {
      if (n > 1) return proceed();
      await inner.put(`${KEY}2`, bytesOf(PART - 1));
      throw noAnswer();
    };
    const other = createFaultStore(inner, { faults: { put: unlucky } });
    await expect(put(other, bytesOf(PART), { key: `${KEY}2` })).rejects.toMatchObject({
      code: 'BACKUP_EXISTS',
    });
  });

  it('do not replace what another stored under the key just before Complete, where the store can tell', async () => {
    const inner = createMemoryStore({ conditional: true });
    const meanwhile: Fault = async (_, proceed) => {
      await inner.put(KEY, Buffer.from('of another machine'));
      return proceed();
    };
    const store = createFaultStore(inner, { faults: { complete: meanwhile } });
    await expect(put(store, bytesOf(2 * PART + 1))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    expect(await inner.head(KEY)).toMatchObject({ bytes: 18 });
    expect((await leftovers(inner)).uploads).toBe(0);
    await put(inner, bytesOf(2 * PART + 1), { ifExists: 'replace' });
  });

  it('start before the source ended, but show nothing', async () => {
    const inner = createMemoryStore();
    const store = createFaultStore(inner);
    async function* slow() {
      yield bytesOf(5 * PART);
      for (let i = 0; i < 1_000 && store.count('putPart') < 4; i += 1) await new Promise(setImmediate);
      expect(store.count('putPart')).toBeGreaterThanOrEqual(4);
      expect(await leftovers(inner)).toEqual({ object: false, uploads: 1 });
    }
    await put(store, new Uint8Array(), { source: slow() });
    expect(await leftovers(inner)).toEqual({ object: true, uploads: 0 });
  });
});
