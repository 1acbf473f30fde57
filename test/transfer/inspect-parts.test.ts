import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { streamDecoders } from '../../src/filters/stream-decoders.ts';
import { createStreamInspector } from '../../src/inspect/create-stream-inspector.ts';
import type { StreamInspector } from '../../src/inspect/stream-inspector.ts';
import { upload } from '../../src/transfer/upload.ts';
import { createStreamBuilder } from '../inspect/build-stream.ts';
import { instantSleep, KEY, leftovers, NOTHING, producer, readObject } from './bytes.ts';
import { KIB } from './memory-store.ts';
import { stores } from './small-stores.ts';

const PART = 4 * KIB;
const { sleep } = instantSleep();

/** A ZFS stream of exactly so many parts of `PART` bytes. */
function streamOf(parts: number): Buffer {
  const builder = createStreamBuilder().begin();
  const data = parts * PART - 3 * 312;
  builder.write(randomBytes(data)).end();
  return builder.bytes();
}

const inspector = () => createStreamInspector({ expect: 'any', depth: 'full', decoders: streamDecoders });

/** As a pipe or file is read, and as a program is. */
const sources = [
  [
    'descriptor',
    async (bytes: Buffer) => {
      const folder = await mkdtemp(join(tmpdir(), 'inspect-'));
      await writeFile(join(folder, 'file'), bytes);
      const file = await open(join(folder, 'file'));
      await rm(folder, { recursive: true });
      return { source: { fd: file.fd }, close: () => file.close() };
    },
  ],
  ['program', async (bytes: Buffer) => ({ source: producer(bytes), close: async () => {} })],
] as const;

describe.each(stores)('upload to a %s', (_, createStore) => {
  describe.each(sources)('from a %s', (_, openSource) => {
    async function put(bytes: Buffer, inspect: StreamInspector = inspector()) {
      const store = await createStore();
      const { source, close } = await openSource(bytes);
      try {
        const outcome = await upload({ store, key: KEY, source, partBytes: PART, sleep, inspect }).catch(
          (error: unknown) => error,
        );
        return { store, outcome };
      } finally {
        await close();
      }
    }

    it.each([1, 2, 5])('stores a stream of %i parts that is whole, and tells what it was', async (parts) => {
      const bytes = streamOf(parts);
      const { store, outcome } = await put(bytes);
      expect(outcome).toMatchObject({
        parts,
        stream: { kind: 'zfs', bytes: parts * PART, streams: [{ name: 'tank/a@1' }] },
      });
      expect((await readObject(store)).equals(bytes)).toBe(true);
    });

    it.each([1, 312, PART - 1, PART, PART + 1, 3 * PART - 312, 3 * PART - 1])(
      'stores nothing of one that was cut off by %i bytes',
      async (missing) => {
        const bytes = streamOf(3);
        const { store, outcome } = await put(bytes.subarray(0, bytes.byteLength - missing));
        const isRecognised = bytes.byteLength - missing > 8;
        if (isRecognised) {
          expect(outcome).toMatchObject({ code: 'CORRUPT_STREAM' });
          expect(await leftovers(store)).toEqual(NOTHING);
        } else expect(outcome).toMatchObject({ stream: { kind: 'unknown' } });
      },
    );

    it('stores nothing of one that goes on behind its end', async () => {
      const { store, outcome } = await put(Buffer.concat([streamOf(2), Buffer.alloc(3 * PART)]));
      expect(outcome).toMatchObject({
        code: 'CORRUPT_STREAM',
        message: `The ZFS send stream ends at byte ${2 * PART}, and more bytes follow after the end`,
      });
      expect(await leftovers(store)).toEqual(NOTHING);
    });

    it('waits for an inspector that takes its time, and closes it', async () => {
      const seen: string[] = [];
      let isClosed = false;
      const slow: StreamInspector = {
        async push(chunk) {
          const before = chunk[0];
          await new Promise((resolve) => setTimeout(resolve, 5));
          seen.push(`${chunk.byteLength} ${before === chunk[0]}`);
        },
        end: () => ({ kind: 'unknown', bytes: 7 }),
        close: () => {
          isClosed = true;
        },
      };
      const { outcome } = await put(randomBytes(2 * PART + 1), slow);
      expect(outcome).toMatchObject({ stream: { kind: 'unknown', bytes: 7 } });
      expect([seen, isClosed]).toEqual([['4096 true', '4096 true', '1 true'], true]);
    });
  });
});
