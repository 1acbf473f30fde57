import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/stream/run-process.ts';
import { childPids, fixture, thrownBy } from './fixtures.ts';

describe('runProcess', () => {
  it('returns stdout and stderr', async () => {
    const result = await runProcess(['sh', '-c', 'echo out; echo err >&2']);
    expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });

  it('runs in the C locale with an empty stdin', async () => {
    expect((await runProcess(['printenv', 'LC_ALL'], { env: { LC_ALL: 'de_DE' } })).stdout).toBe('C\n');
    expect((await runProcess(['cat'])).stdout).toBe('');
  });

  it('throws on failure, with what was said', async () => {
    const argv = [fixture('write-then-exit'), '10', '2', 'no such dataset'];
    expect(await thrownBy(() => runProcess(argv))).toMatchObject({ exitCode: 2, stderr: 'no such dataset' });
    expect(await thrownBy(() => runProcess(['no-such-program-here']))).toMatchObject({
      code: 'PROGRAM_MISSING',
    });
  });

  it('stops a program that writes too much', async () => {
    const error = await thrownBy(() => runProcess(['yes'], { maxStdoutBytes: 100_000 }));
    expect(String(error)).toContain('wrote more than 100000 bytes');
    expect(await childPids()).toEqual([]);
  });

  it('is rejected with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 50);
    await expect(runProcess(['sleep', '300'], { signal: controller.signal })).rejects.toBe(reason);
    expect(await childPids()).toEqual([]);
  });
});
