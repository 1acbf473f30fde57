import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { writeProcess } from '../../src/stream/process.ts';
import { collect } from '../stream/fixtures.ts';

const CHUNK = 700_001;
const DATA = Buffer.concat(
  Array.from({ length: 40 }, () => Buffer.concat([randomBytes(60_000), Buffer.alloc(40_000)])),
);

/** As a download lends them: the same shared memory for each, spoiled when the next one is asked for. */
async function* lent(data: Uint8Array): AsyncGenerator<Uint8Array> {
  const memory = Buffer.from(new SharedArrayBuffer(CHUNK));
  for (let at = 0; at < data.byteLength; at += CHUNK) {
    const chunk = data.subarray(at, at + CHUNK);
    memory.set(chunk);
    yield memory.subarray(0, chunk.byteLength);
    memory.fill(0xff);
    // Whoever still reads has time to read the wrong thing.
    await new Promise(setImmediate);
  }
}

const sections = [{ name: 'cat', compress: ['cat'], decompress: ['cat'] }];
const filters = createFilterRegistry(sections);

describe('chunks that are only lent', () => {
  it.each(['zstd', 'gzip', 'pigz1', 'cat'])('are decoded right by %s', async (name) => {
    const filter = filters.find(name);
    if (!filter) throw new Error(`no filter ${name}`);
    const encoded = name === 'pigz1' ? gzipSync(DATA) : await collect(filter.encode(lent(DATA)));
    expect((await collect(filter.decode(lent(encoded)))).equals(DATA)).toBe(true);
  });

  it('reach a program as they were', async () => {
    // Fails unless what came is what was to come.
    const script = `
      const { createHash } = require('node:crypto');
      const hash = createHash('sha256');
      process.stdin.on('data', (chunk) => hash.update(chunk));
      process.stdin.on('end', () => { process.exitCode = hash.digest('hex') === process.argv[1] ? 0 : 9; });`;
    const { createHash } = await import('node:crypto');
    const digest = createHash('sha256').update(DATA).digest('hex');
    await writeProcess([process.execPath, '-e', script, digest], lent(DATA));
  });
});
