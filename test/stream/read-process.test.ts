import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessFailedError } from '../../src/errors.ts';
import { readProcess } from '../../src/stream/process.ts';
import {
  childPids,
  collect,
  fixture,
  isAlive,
  readWhenThere,
  temporaryFolder,
  thrownBy,
} from './fixtures.ts';

const PART = 1024 * 1024;

describe('readProcess', () => {
  it('yields what the program wrote', async () => {
    expect((await collect(readProcess([fixture('write-then-exit'), '3000000', '0']))).byteLength).toBe(
      3_000_000,
    );
  });

  it('hands arguments over as they are', async () => {
    const names = ['tank/my data@a b', '', '%s$(id)`id`', "it's", '*', 'a:b+c', '-n'];
    const output = await collect(readProcess([fixture('show-arguments'), ...names]));
    expect(output.toString().split('\n').slice(0, -1)).toEqual(names);
  });

  it.each([0, 1, PART, PART + 1])(
    'throws after the last of %i bytes when the program exits with 3',
    async (n) => {
      let bytes = 0;
      const argv = [fixture('write-then-exit'), String(n), '3', 'cannot go on'];
      const error = await thrownBy(async () => {
        for await (const chunk of readProcess(argv)) bytes += chunk.byteLength;
      });
      expect(bytes).toBe(n);
      expect(error).toBeInstanceOf(ProcessFailedError);
      expect(error).toMatchObject({
        code: 'PROCESS_FAILED',
        command: argv,
        exitCode: 3,
        stderr: 'cannot go on',
      });
    },
  );

  it('throws when the program was killed by a signal', async () => {
    const argv = [fixture('write-then-die'), '100', 'KILL'];
    const error = await thrownBy(() => collect(readProcess(argv)));
    expect(error).toMatchObject({ code: 'PROCESS_FAILED', signal: 'SIGKILL', exitCode: undefined });
  });

  it('says which program is missing', async () => {
    const error = await thrownBy(() => collect(readProcess(['no-such-program-here', 'x'])));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING', command: ['no-such-program-here', 'x'] });
    expect(String(error)).toContain('no-such-program-here: no such program');
  });

  it('says why a program cannot be started', async () => {
    const error = await thrownBy(() => collect(readProcess([import.meta.dirname])));
    expect(error).toMatchObject({ code: 'PROCESS_FAILED' });
    expect(String(error)).toContain('could not be started');
  });

  it('keeps the last 20 lines of stderr', async () => {
    const error = await thrownBy(() => collect(readProcess([fixture('many-lines'), '100000'])));
    const expected = Array.from({ length: 20 }, (_, index) => String(99_981 + index)).join('\n');
    expect(error).toMatchObject({ exitCode: 4, stderr: expected });
  });

  it('keeps little of a stderr that never ends a line', async () => {
    const error = await thrownBy(() => collect(readProcess([fixture('huge-stderr'), '20000000'])));
    expect(error).toBeInstanceOf(ProcessFailedError);
    const { stderr } = error as ProcessFailedError;
    expect(stderr).toMatch(/^…x+$/);
    expect(stderr.length).toBeLessThan(20_000);
  });

  it('tells all of stderr as it arrives', async () => {
    let text = '';
    const options = { onStderr: (more: string) => (text += more) };
    await thrownBy(() => collect(readProcess([fixture('many-lines'), '1000'], options)));
    expect(text.split('\n').length).toBe(1001);
  });

  it('adds to the environment', async () => {
    const env = { GREETING: 'hello there' };
    expect(String(await collect(readProcess(['printenv', 'GREETING'], { env })))).toBe('hello there\n');
  });

  it('starts nothing before the first chunk is asked for', async () => {
    const stream = readProcess(['no-such-program-here']);
    const iterator = stream[Symbol.asyncIterator]();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await childPids()).toEqual([]);
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
  });

  it('can be read only once', async () => {
    const stream = readProcess(['true']);
    await collect(stream);
    await expect(collect(stream)).rejects.toThrow('only once');
  });

  it('kills and reaps a program whose output is left early', async () => {
    const pidFile = join(await temporaryFolder(), 'pid');
    for await (const _ of readProcess([fixture('write-forever'), pidFile])) break;
    expect(isAlive(Number(await readWhenThere(pidFile)))).toBe(false);
    expect(await childPids()).toEqual([]);
  });

  it('kills at once when it is left while a chunk is awaited', async () => {
    const iterator = readProcess(['sleep', '300'])[Symbol.asyncIterator]();
    const pending = iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await childPids()).toHaveLength(1);
    await iterator.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(await childPids()).toEqual([]);
  });

  it('forces a program that does not heed SIGTERM', async () => {
    const stay = ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'];
    const startedAt = Date.now();
    for await (const _ of readProcess(stay, { killGraceMs: 100 })) break;
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    expect(await childPids()).toEqual([]);
  });

  it('is rejected with the reason of the signal, and the program is gone', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 50);
    const { signal } = controller;
    await expect(collect(readProcess(['sleep', '300'], { signal }))).rejects.toBe(reason);
    expect(await childPids()).toEqual([]);
  });

  it('does not start when the signal was aborted before', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(collect(readProcess(['no-such-program-here'], { signal }))).rejects.toBe(reason);
  });

  it('takes a program that exits with 0 when it is told to end for a cut stream', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const polite = ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'];
    const error = await thrownBy(async () => {
      for await (const _ of readProcess(polite, { signal: controller.signal })) controller.abort(reason);
    });
    expect(error).toBe(reason);
  });

  it('does not wait for a grandchild that holds stderr', async () => {
    const pidFile = join(await temporaryFolder(), 'pid');
    const startedAt = Date.now();
    expect(String(await collect(readProcess([fixture('leave-grandchild'), pidFile])))).toBe('done\n');
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    process.kill(Number(await readWhenThere(pidFile)));
  });

  it('loses no byte to a reader that takes its time', async () => {
    let bytes = 0;
    for await (const chunk of readProcess([fixture('write-then-exit'), '400000', '0'])) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(400_000);
  });
});
