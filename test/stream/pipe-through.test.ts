import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pipeThrough, readProcess } from '../../src/stream/process.ts';
import { childPids, chunksOf, collect, cutAt, failingAfter, fixture, thrownBy } from './fixtures.ts';

describe('pipeThrough', () => {
  it('copies through a slow program and through several', async () => {
    const data = randomBytes(2_000_000);
    const slow = pipeThrough([process.execPath, fixture('cat-slowly.mjs')], cutAt(data, [50_000, 1]));
    const twice = pipeThrough(['cat'], pipeThrough(['cat'], slow));
    expect((await collect(twice)).equals(data)).toBe(true);
  });

  it('copes with a program that writes only at the end, and with one that writes nothing', async () => {
    const data = Buffer.from('b\na\n'.repeat(100_000));
    expect((await collect(pipeThrough(['sort'], cutAt(data, [65_536])))).toString()).toMatch(
      /^(a\n)+(b\n)+$/,
    );
    expect((await collect(pipeThrough(['cat'], chunksOf()))).byteLength).toBe(0);
  });

  it('throws what the source throws', async () => {
    const failure = new Error('the source failed');
    const error = await thrownBy(() => collect(pipeThrough(['cat'], failingAfter(failure, 'abc'))));
    expect(error).toBe(failure);
    expect(await childPids()).toEqual([]);
  });

  it('throws the failure of the program at the beginning of the line', async () => {
    const producer = readProcess([fixture('write-then-exit'), '200000', '3', 'no more']);
    const error = await thrownBy(() => collect(pipeThrough(['cat'], pipeThrough(['cat'], producer))));
    expect(error).toMatchObject({ exitCode: 3, stderr: 'no more' });
    expect(await childPids()).toEqual([]);
  });

  it('throws the failure of the program', async () => {
    const argv = [fixture('read-then-exit'), '1000', '5', 'bad data'];
    const endless = readProcess(['yes']);
    expect(await thrownBy(() => collect(pipeThrough(argv, endless)))).toMatchObject({
      exitCode: 5,
      stderr: 'bad data',
    });
    expect(await childPids()).toEqual([]);
  });

  it('takes exit 0 for a failure when bytes are left', async () => {
    const error = await thrownBy(() => collect(pipeThrough(['head', '-c', '10'], readProcess(['yes']))));
    expect(String(error)).toContain('stopped reading before the end of its input');
    expect(await childPids()).toEqual([]);
  });

  it('ends program and source when it is left early', async () => {
    for await (const _ of pipeThrough(['cat'], readProcess(['yes']))) break;
    expect(await childPids()).toEqual([]);
  });

  it('is rejected with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { signal } = controller;
    setTimeout(() => controller.abort(reason), 50);
    const silent = readProcess(['sleep', '300'], { signal });
    await expect(collect(pipeThrough(['cat'], silent, { signal }))).rejects.toBe(reason);
    expect(await childPids()).toEqual([]);
  });
});
