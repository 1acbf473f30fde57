import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipeThrough, writeProcess } from '../../src/stream/process.ts';
import { chunksOf, collect, cutAt, fixture, temporaryFolder, thrownBy } from './fixtures.ts';

/** As much as fits into what the kernel keeps for a program, and a little more. */
const SIZES = [1, 10_000, 65_536, 65_537, 300_000] as const;
const UNREAD = 'stopped reading before the end of its input';

const source = (bytes: number) => cutAt(randomBytes(bytes), [50_000]);

describe('a program that exits with 0 and did not read all', () => {
  it.each(SIZES)('has failed as a filter, with %i bytes', async (bytes) => {
    for (const lend of [true, false]) {
      const none = await thrownBy(() => collect(pipeThrough(['true'], source(bytes), { lend })));
      expect(String(none)).toContain(UNREAD);
      const argv = ['head', '-c', String(bytes - 1)];
      expect(String(await thrownBy(() => collect(pipeThrough(argv, source(bytes), { lend }))))).toContain(
        UNREAD,
      );
    }
  });

  it.each(SIZES)('has failed as a consumer, with %i bytes', async (bytes) => {
    const late = ['sh', '-c', `sleep 0.1; head -c ${bytes - 1}`];
    expect(String(await thrownBy(() => writeProcess(late, source(bytes))))).toContain(UNREAD);
  });

  it('has failed also where it closed its stdin and lived on', async () => {
    const error = await thrownBy(() => writeProcess([fixture('close-stdin'), '0'], source(10_000)));
    expect(String(error)).toContain(UNREAD);
  });
});

describe('a program that read all', () => {
  it.each([0, ...SIZES])('is believed, with %i bytes, whether or not it saw the end', async (bytes) => {
    const data = randomBytes(bytes);
    const exact = bytes > 0 ? [['head', '-c', String(bytes)]] : [];
    const late = ['sh', '-c', 'sleep 0.05; cat'];
    const closing = ['sh', '-c', 'cat; exec 0<&-; sleep 0.05'];
    for (const argv of [['cat'], late, closing, ...exact]) {
      const through = pipeThrough(argv, cutAt(data, [50_000]), { lend: true });
      expect((await collect(through)).equals(data)).toBe(true);
    }
  });

  it.each(['gzip', 'zstd -q', 'pigz', 'xz', 'lz4', 'bzip2'])('is %s, there and back', async (line) => {
    const [program = '', ...flags] = line.split(' ');
    const data = Buffer.concat([randomBytes(150_000), Buffer.alloc(150_000)]);
    try {
      const packed = pipeThrough([program, ...flags, '-c'], cutAt(data, [65_536]), { lend: true });
      const back = pipeThrough([program, ...flags, '-dc'], packed);
      expect((await collect(back)).equals(data)).toBe(true);
    } catch (error) {
      // Not all machines have all of them.
      if ((error as { code?: string }).code !== 'PROGRAM_MISSING') throw error;
    }
  });

  it('may leave its stdin to a program that it started', async () => {
    const file = join(await temporaryFolder(), 'out');
    await writeProcess(['sh', '-c', 'exec 3<&0; cat <&3 >"$0" & wait', file], chunksOf('x'));
  });
});
