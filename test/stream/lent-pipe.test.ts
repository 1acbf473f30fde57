import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openPipes } from '../../src/stream/open-pipes.ts';
import { pipeThrough, readProcess } from '../../src/stream/process.ts';
import {
  childPids,
  chunksOf,
  collect,
  countDescriptors,
  cutAt,
  fixture,
  temporaryFolder,
  thrownBy,
} from './fixtures.ts';

const lend = { lend: true };

/** Reads as the contract has it: a chunk is good until the next is asked for, and is spoiled then. */
async function readLent(stream: AsyncIterable<Uint8Array>, pauseMs = 0) {
  const pieces: Buffer[] = [];
  for await (const chunk of stream) {
    if (pauseMs > 0) await wait(pauseMs);
    pieces.push(Buffer.from(chunk));
    chunk.fill(0xee);
  }
  return { bytes: Buffer.concat(pieces), chunks: pieces.length };
}

async function fileOf(data: Uint8Array): Promise<string> {
  const file = join(await temporaryFolder(), 'data');
  await writeFile(file, data);
  return file;
}

describe('a program whose chunks are lent', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 524_288, 5_000_001])('gives all of its %i bytes', async (bytes) => {
    const data = randomBytes(bytes);
    const argv = ['cat', await fileOf(data)];
    for (const pause of [0, bytes > 1_000_000 ? 1 : 3]) {
      expect((await readLent(readProcess(argv, lend), pause)).bytes.equals(data)).toBe(true);
    }
  });

  it.each([1, 1000, 4096, 65_536, 100_000])('gives what it wrote in pieces of %i bytes', async (piece) => {
    const data = randomBytes(Math.min(3_000_000, piece * 3000));
    const argv = ['dd', `if=${await fileOf(data)}`, `bs=${piece}`, 'status=none'];
    expect((await readLent(readProcess(argv, lend))).bytes.equals(data)).toBe(true);
  });

  it('gives what is there, however little, and does not wait for more', async () => {
    const go = join(await temporaryFolder(), 'go');
    const line = 'printf a; while [ ! -e "$1" ]; do sleep 0.01; done; printf b';
    const pieces: string[] = [];
    for await (const chunk of readProcess(['sh', '-c', line, 'sh', go], lend)) {
      pieces.push(String(Buffer.from(chunk)));
      await writeFile(go, '');
    }
    expect(pieces).toEqual(['a', 'b']);
  });

  it('is lent between programs as well', async () => {
    const data = randomBytes(3_000_000);
    const source = cutAt(data, [70_000, 1]);
    const back = pipeThrough(['cat'], pipeThrough(['cat'], source, lend), lend);
    expect((await readLent(back)).bytes.equals(data)).toBe(true);
  });

  it.each([0, 1, 1_000_000])('throws after the last of %i bytes when it exits with 3', async (n) => {
    let bytes = 0;
    const argv = [fixture('write-then-exit'), String(n), '3', 'cannot go on'];
    const error = await thrownBy(async () => {
      for await (const chunk of readProcess(argv, lend)) bytes += chunk.byteLength;
    });
    expect(bytes).toBe(n);
    expect(error).toMatchObject({ code: 'PROCESS_FAILED', exitCode: 3, stderr: 'cannot go on' });
  });

  it('is told to be missing', async () => {
    const error = await thrownBy(() => collect(readProcess(['no-such-program-here'], lend)));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING' });
  });

  it('is ended when it is left early, also while nothing comes, or interrupted', async () => {
    for await (const _ of readProcess([fixture('write-forever')], lend)) break;
    const silent = readProcess(['sleep', '60'], lend)[Symbol.asyncIterator]();
    const asked = silent.next();
    await wait(50);
    await silent.return?.();
    expect(await asked).toEqual({ done: true, value: undefined });
    const [stop, reason] = [new AbortController(), new Error('enough')];
    const error = await thrownBy(async () => {
      for await (const _ of readProcess([fixture('write-forever')], { ...lend, signal: stop.signal }))
        stop.abort(reason);
    });
    expect(error).toBe(reason);
    expect(await childPids()).toEqual([]);
  });

  it('leaves no descriptor open, however it ended', async () => {
    const turn = async () => {
      await collect(readProcess(['echo', 'x'], lend));
      for await (const _ of readProcess([fixture('write-forever')], lend)) break;
      await thrownBy(() => collect(readProcess(['no-such-program-here'], lend)));
      const failure = new Error('no source');
      const broken = pipeThrough(
        ['cat'],
        { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) },
        lend,
      );
      expect(await thrownBy(() => collect(broken))).toBe(failure);
      await collect(pipeThrough(['cat'], chunksOf('x'), lend));
      const { input, output } = await openPipes({ input: true, output: true });
      output?.closeWriter();
      output?.close();
      input?.close();
    };
    await turn();
    await wait(50);
    const before = await countDescriptors();
    for (let times = 0; times < 5; times += 1) await turn();
    await wait(50);
    expect(await countDescriptors()).toBeLessThanOrEqual(before);
  });

  it('is read in the usual way where there cannot be such a pipe', async () => {
    expect(await openPipes({ input: true, output: true }, '/dev/null/nowhere')).toEqual({});
  });
});
