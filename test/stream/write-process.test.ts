import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessFailedError } from '../../src/errors.ts';
import { readProcess, writeProcess } from '../../src/stream/process.ts';
import {
  childPids,
  chunksOf,
  cutAt,
  failingAfter,
  fixture,
  isAlive,
  readWhenThere,
  temporaryFolder,
  thrownBy,
} from './fixtures.ts';

async function* endless(): AsyncGenerator<Uint8Array, void> {
  const chunk = Buffer.alloc(65_536);
  for (;;) yield chunk;
}

describe('writeProcess', () => {
  it('copies everything and waits for exit 0', async () => {
    const file = join(await temporaryFolder(), 'a name with spaces');
    const data = randomBytes(3_000_001);
    await writeProcess(['dd', 'status=none', `of=${file}`], cutAt(data, [65_536, 0, 1, 100_000]));
    expect((await readFile(file)).equals(data)).toBe(true);
  });

  it('copies from a program that is read', async () => {
    const file = join(await temporaryFolder(), 'count');
    const source = readProcess([fixture('write-then-exit'), '5000000', '0']);
    await writeProcess([fixture('count-stdin'), file], source);
    expect((await readFile(file, 'utf8')).trim()).toBe('5000000');
  });

  it('shows what the consumer said when it dies, not EPIPE', async () => {
    const argv = [fixture('read-then-exit'), '100000', '1', 'cannot receive: out of space'];
    const error = await thrownBy(() => writeProcess(argv, endless()));
    expect(error).toMatchObject({
      code: 'PROCESS_FAILED',
      exitCode: 1,
      stderr: 'cannot receive: out of space',
    });
    expect(String(error)).not.toContain('EPIPE');
  });

  it('shows a consumer killed by a signal', async () => {
    const argv = [fixture('write-then-die'), '0', 'SEGV'];
    expect(await thrownBy(() => writeProcess(argv, endless()))).toMatchObject({ signal: 'SIGSEGV' });
  });

  it('does not wait for a silent source when the consumer died', async () => {
    const silent = readProcess(['sleep', '300']);
    const argv = [fixture('read-then-exit'), '0', '1', 'no'];
    expect(await thrownBy(() => writeProcess(argv, silent))).toMatchObject({ exitCode: 1 });
    expect(await childPids()).toEqual([]);
  });

  it('takes exit 0 for a failure when bytes are left', async () => {
    const argv = [fixture('read-then-exit'), '1000', '0'];
    const error = await thrownBy(() => writeProcess(argv, endless()));
    expect(error).toBeInstanceOf(ProcessFailedError);
    expect(String(error)).toContain('stopped reading before the end of its input');
  });

  it('gives a consumer that closed its stdin the time to say why', async () => {
    const failing = await thrownBy(() => writeProcess([fixture('close-stdin'), '7'], endless()));
    expect(failing).toMatchObject({ exitCode: 7 });
    const content = await thrownBy(() => writeProcess([fixture('close-stdin'), '0'], endless()));
    expect(String(content)).toContain('stopped reading');
    const slow = await thrownBy(() =>
      writeProcess(['sh', '-c', 'exec 0<&-; exec sleep 300'], endless(), { killGraceMs: 100 }),
    );
    expect(String(slow)).toContain('stopped reading');
  });

  it('accepts a consumer that leaves after the last byte, before the end was told', async () => {
    async function* lateEnd(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.alloc(1000);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await writeProcess(['sh', '-c', 'head -c 1000 >/dev/null'], lateEnd());
  });

  it('throws what the source throws though the consumer left well before', async () => {
    const late = new Error('the last check failed');
    async function* lateFailure(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.alloc(1000);
      await new Promise((resolve) => setTimeout(resolve, 200));
      throw late;
    }
    await expect(writeProcess(['sh', '-c', 'head -c 1000 >/dev/null'], lateFailure())).rejects.toBe(late);
  });

  it('kills the consumer before it can see the end of a stream whose source failed', async () => {
    const failure = new Error('the network broke');
    for (const chunks of [[], [Buffer.alloc(1)], [Buffer.alloc(300_000)]]) {
      const file = join(await temporaryFolder(), 'count');
      const run = writeProcess([fixture('count-stdin'), file], failingAfter(failure, ...chunks));
      await expect(run).rejects.toBe(failure);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(existsSync(file)).toBe(false);
    }
  });

  it('keeps stdin open for a consumer that does not heed SIGTERM, until it is dead', async () => {
    const folder = await temporaryFolder();
    const [pidFile, file] = [join(folder, 'pid'), join(folder, 'count')];
    const failure = new Error('the network broke');
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.alloc(10);
      await readWhenThere(pidFile);
      throw failure;
    }
    const argv = ['sh', '-c', 'trap "" TERM; echo $$ >"$0"; cat >/dev/null; echo whole >"$1"', pidFile, file];
    await expect(writeProcess(argv, failing(), { killGraceMs: 200 })).rejects.toBe(failure);
    expect(existsSync(file)).toBe(false);
    expect(isAlive(Number(await readWhenThere(pidFile)))).toBe(false);
  });

  it('blames the consumer that failed first, with the error of the source as the cause', async () => {
    const failure = new Error('the source failed too');
    let pull = 0;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          pull += 1;
          if (pull === 1) return { done: false, value: Buffer.alloc(10) };
          // Busy while the consumer dies, so that nobody has noticed its death when this error comes.
          const until = Date.now() + 300;
          while (Date.now() < until);
          throw failure;
        },
      }),
    };
    const error = await thrownBy(() => writeProcess([fixture('read-then-exit'), '1', '1', 'no'], source));
    expect(error).toMatchObject({ code: 'PROCESS_FAILED', exitCode: 1, cause: failure });
  });

  it('says which program is missing and does not touch the source', async () => {
    let isTouched = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]() {
        isTouched = true;
        return chunksOf('x');
      },
    };
    const error = await thrownBy(() => writeProcess(['no-such-program-here'], source));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING' });
    expect(isTouched).toBe(false);
  });

  it('passes back-pressure on', async () => {
    let given = 0;
    async function* counted(): AsyncGenerator<Uint8Array, void> {
      for await (const chunk of endless()) {
        given += chunk.byteLength;
        yield chunk;
      }
    }
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 300);
    const run = writeProcess(['sleep', '300'], counted(), { signal: controller.signal });
    await expect(run).rejects.toBe(reason);
    expect(given).toBeLessThan(4 * 1024 * 1024);
    expect(await childPids()).toEqual([]);
  });

  it('ends its source when it fails', async () => {
    const pidFile = join(await temporaryFolder(), 'pid');
    const source = readProcess([fixture('write-forever'), pidFile]);
    await thrownBy(() => writeProcess([fixture('read-then-exit'), '1', '1'], source));
    expect(isAlive(Number(await readWhenThere(pidFile)))).toBe(false);
    expect(await childPids()).toEqual([]);
  });

  it('hands the error of a failing producer on', async () => {
    const file = join(await temporaryFolder(), 'count');
    const source = readProcess([fixture('write-then-exit'), '100000', '3', 'no more']);
    const error = await thrownBy(() => writeProcess([fixture('count-stdin'), file], source));
    expect(error).toMatchObject({ exitCode: 3, stderr: 'no more' });
    expect(existsSync(file)).toBe(false);
  });
});
