import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/logger.ts';
import { describeBytes } from '../../src/transfer/part-size.ts';
import type { UploadOptions } from '../../src/transfer/upload.ts';
import { bytesOf, KEY, leftovers, NOTHING } from './bytes.ts';
import { createFaultStore, type Fault, failing, hanging, onPart } from './fault-store.ts';
import { createMemoryStore, SMALL_LIMITS } from './memory-store.ts';
import { PART, put } from './put-parts.ts';

/** A busy machine may take its time. */
const ROOM = { timeout: 15_000 };

describe('back-pressure', () => {
  it('reads no further than the buffers hold while the store does not take anything', async () => {
    const store = createFaultStore(createMemoryStore(), { faults: { putPart: hanging } });
    const abort = new AbortController();
    let read = 0;
    async function* endless() {
      for (;;) {
        read += PART;
        yield new Uint8Array(PART);
      }
    }
    const call = put(store, new Uint8Array(), { source: endless(), concurrency: 3, signal: abort.signal });
    await expect.poll(() => store.count('putPart'), ROOM).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.count('putPart')).toBe(3);
    // Four buffers, and the chunk that showed that the fourth is not the last.
    expect(read).toBe(5 * PART);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

describe('many parts in flight', () => {
  it('do not look like a leak to Node', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const store = createFaultStore(createMemoryStore(), { faults: { putPart: hanging } });
    const abort = new AbortController();
    const call = put(store, bytesOf(40 * PART), { concurrency: 32, signal: abort.signal });
    await expect.poll(() => store.count('putPart'), ROOM).toBe(32);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe('progress and log', () => {
  it('tell stored bytes, parts in flight and retries', async () => {
    const flaky = onPart(2, failing(3));
    const putPart: Fault = async (call, proceed) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return flaky(call, proceed);
    };
    const store = createFaultStore(createMemoryStore(), { faults: { putPart } });
    const seen: Array<{ storedBytes: number; partsInFlight: number; retries: number; parts: number }> = [];
    const body = bytesOf(4 * PART);
    const onProgress: UploadOptions['onProgress'] = (progress) => seen.push(progress);
    const result = await put(store, body, { onProgress, concurrency: 2 });
    expect(result.retries).toBe(3);
    expect(Math.max(...seen.map(({ partsInFlight }) => partsInFlight))).toBe(2);
    expect(seen.at(-1)).toEqual({
      storedBytes: 4 * PART,
      partsInFlight: 0,
      retries: 3,
      parts: 4,
      skippedParts: 0,
      skippedBytes: 0,
    });
  });

  it('name the memory that buffers take', async () => {
    const lines: string[] = [];
    const logger: Logger = { debug: (_, message) => lines.push(message), info() {}, warn() {} };
    const limits = { ...SMALL_LIMITS, equalParts: true };
    await put(createMemoryStore({ limits }), bytesOf(10), { logger, concurrency: 7 });
    const memory = describeBytes(8 * PART);
    expect(lines[0]).toBe(
      `${KEY}: parts of ${describeBytes(PART)}, 7 in flight and one that is filled: ${memory} of memory; the stream may have at most ${describeBytes(PART * limits.maxParts)}`,
    );
  });

  it('end the upload when the caller’s own function throws', async () => {
    const store = createMemoryStore();
    const onProgress = () => {
      throw new Error('renderer broke');
    };
    await expect(put(store, bytesOf(5 * PART), { onProgress })).rejects.toThrow('renderer broke');
    expect(await leftovers(store)).toEqual(NOTHING);
  });
});
