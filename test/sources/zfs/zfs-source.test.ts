import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SnapshotSource } from '../../../src/sources/source.ts';
import { createZfsSource } from '../../../src/sources/zfs/zfs-source.ts';
import { readProcess } from '../../../src/stream/process.ts';
import { thrownBy } from '../../stream/fixtures.ts';

// Programs that answer as ZFS does where the tests must not depend on one; the real ones are met in test-s3/.
const OPENZFS = `
  '-?') printf '\\tsend [-nPw] <snapshot>\\n\\treceive [-su] <snapshot>\\n' ;;
  get) printf 't/a@s 1\\tguid\\t1\\nt/a@s 1\\tcreation\\t2\\nt/a@s 1\\tcreatetxg\\t3\\nt/a@s 1\\treferenced\\t4\\n' ;;
`;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'z3b-zfs-source-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A source on a program that notes its arguments and acts by `cases` of its first one. */
async function sourceOn(cases: string): Promise<SnapshotSource> {
  const program = join(folder, 'zfs');
  const script = `#!/bin/sh\nprintf '%s|' "$@" >> '${folder}/calls'\necho >> '${folder}/calls'\ncase $1 in\n${cases}\nesac\n`;
  await writeFile(program, script, { mode: 0o755 });
  return createZfsSource({ program: [program] });
}

async function calls(): Promise<readonly string[]> {
  return (await readFile(join(folder, 'calls'), 'utf8')).split('\n').filter((line) => line !== '');
}

async function* streamOf(text: string) {
  yield Buffer.from(text);
}

describe('features', () => {
  it('are asked for once, and each dataset then takes one process', async () => {
    const source = await sourceOn(OPENZFS);
    await source.readDataset('t/a');
    await source.readDataset('t/a');
    expect((await calls()).map((line) => line.split('|')[0])).toEqual(['-?', 'get', 'get']);
  });

  it('are asked for again after a failure', async () => {
    const source = await sourceOn('*) echo broken >&2; exit 1 ;;');
    await expect(source.readDataset('t/a')).rejects.toMatchObject({ stderr: 'broken' });
    await expect(source.readDataset('t/a')).rejects.toMatchObject({ stderr: 'broken' });
    expect(await calls()).toHaveLength(2);
  });
});

describe('readDataset', () => {
  it('says PROGRAM_MISSING when the file system does not run', async () => {
    const source = await sourceOn(`
      '-?') ;;
      *) echo 'The ZFS modules are not loaded.' >&2; exit 1 ;;`);
    await expect(source.readDataset('t/a')).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      advice: expect.stringContaining('modprobe zfs'),
    });
  });

  it('throws other failures, such as that of a suspended pool', async () => {
    const source = await sourceOn(`
      '-?') ;;
      *) echo "cannot open 't/a': pool I/O is currently suspended" >&2; exit 1 ;;`);
    await expect(source.readDataset('t/a')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  });
});

describe('marks', () => {
  const HELD = `
    '-?') printf '\\tholds [-rHp] <snapshot> ...\\n\\tbookmark <snapshot> <newbookmark>\\n' ;;
    get) printf 't/a@s 1\\tguid\\t1\\nt/a@s 1\\tcreation\\t2\\nt/a@s 1\\tcreatetxg\\t3\\nt/a@s 1\\treferenced\\t4\\nt/a@s 1\\tuserrefs\\t2\\n' ;;
  `;
  const hold = { do: 'hold', dataset: 't/a', snapshot: 's', tag: 'x:1' } as const;

  it('are read by one more process where something is held', async () => {
    const source = await sourceOn(`${HELD} holds) printf 't/a@s 1\\tone\\tnow\\nt/a@s 1\\tx y\\tnow\\n' ;;`);
    expect((await source.readDataset('t/a'))?.marks).toEqual({
      canBookmark: true,
      bookmarks: [],
      canHold: true,
      holds: [
        { snapshot: 's 1', tag: 'one' },
        { snapshot: 's 1', tag: 'x y' },
      ],
    });
    expect((await calls()).at(-1)).toBe('holds|-H|t/a@s 1|');
  });

  it('do not fail the reading when a held snapshot went away meanwhile', async () => {
    const gone = `cannot open 't/a@s 1': dataset does not exist`;
    const source = await sourceOn(`${HELD} holds) echo "${gone}" >&2; exit 1 ;;`);
    expect(await source.readDataset('t/a')).toMatchObject({
      snapshots: [{ name: 's 1' }],
      marks: { holds: [] },
    });
  });

  it.each([
    [hold, "cannot hold 't/a@s': tag already exists on this dataset"],
    [{ ...hold, do: 'release' } as const, "cannot release 'x:1' from 't/a@s': no such tag on this dataset"],
    [{ do: 'drop bookmark', dataset: 't/a', bookmark: 'b' } as const, "bookmark 't/a#b' does not exist."],
  ])('are no error where all is as it should be: %j', async (step, words) => {
    const source = await sourceOn(`*) echo "${words}" >&2; exit 1 ;;`);
    expect(await source.mark?.(step)).toBeUndefined();
    const refusing = await sourceOn(`*) echo 'permission denied' >&2; exit 1 ;;`);
    await expect(refusing.mark?.(step)).rejects.toMatchObject({
      advice: expect.stringContaining('zfs allow'),
    });
  });
});

describe('estimate', () => {
  const step = { dataset: 't/a', snapshot: 's' };

  it('is the last size that zfs tells', async () => {
    const source = await sourceOn(`${OPENZFS} send) printf 'full\\tt/a@s\\t7\\nsize\\t12912\\n' ;;`);
    expect(await source.estimate(step)).toBe(12912);
  });

  it('is absent when the rehearsal fails', async () => {
    const source = await sourceOn(`${OPENZFS} send) echo no >&2; exit 1 ;;`);
    expect(await source.estimate(step)).toBeUndefined();
  });

  it('is not tried where the ZFS has none', async () => {
    const source = await sourceOn(`'-?') printf '\\tsend [-RDp] <snapshot>\\n' ;;`);
    expect(await source.estimate(step)).toBeUndefined();
    expect(await calls()).toEqual(['-?|']);
  });

  it('rejects when it is aborted', async () => {
    const source = await sourceOn(OPENZFS);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(source.estimate(step, { signal })).rejects.toThrow('enough');
  });
});

describe('send and receive', () => {
  it('throws after the bytes of a send that failed late', async () => {
    const source = await sourceOn(`send) printf 'half a stream'; echo 'I/O error' >&2; exit 1 ;;`);
    let bytes = 0;
    const drain = async () => {
      for await (const chunk of source.send({ dataset: 't/a', snapshot: 's' })) bytes += chunk.length;
    };
    await expect(drain()).rejects.toMatchObject({ code: 'PROCESS_FAILED', stderr: 'I/O error' });
    expect(bytes).toBe(13);
  });

  it('hands the whole stream to the receiver, unmounted and without force', async () => {
    const source = await sourceOn(`${OPENZFS} receive) cat > '${folder}/received' ;;`);
    const step = { target: 't/b c', snapshot: 's', force: false, mount: false };
    await source.receive(step, streamOf('a stream'));
    expect(await readFile(join(folder, 'received'), 'utf8')).toBe('a stream');
    expect((await calls()).at(-1)).toBe('receive|-u|t/b c@s|');
  });
});

it('quotes for the shell behind ssh, so that a name stays one argument there', async () => {
  await sourceOn(OPENZFS);
  const ssh = join(folder, 'ssh');
  await writeFile(ssh, '#!/bin/sh\nshift\nexec sh -c "$*"\n', { mode: 0o755 });
  const source = createZfsSource({ program: [ssh, 'host', join(folder, 'zfs')] });
  const name = "t/it's $(touch oops); a  b";
  await source.readDataset(name);
  expect((await calls()).at(-1)).toBe(
    `get|-Hp|-d|1|-o|name,property,value|guid,creation,createtxg,referenced,written,encryption,receive_resume_token,inconsistent|${name}|`,
  );
});

describe('receive', () => {
  it.each([
    ['sh: lz4: not found', 127],
    ['permission denied', 1],
  ])('does not take the failure of a decompressor (%s) for its own', async (words, status) => {
    const source = await sourceOn(`${OPENZFS} receive) exec cat > /dev/null ;;`);
    const broken = readProcess(['sh', '-c', `echo '${words}' >&2; exit ${status}`]);
    const step = { target: 't/b', snapshot: 's', force: false, mount: false };
    const error = await thrownBy(() => source.receive(step, broken));
    expect(error).toMatchObject({ code: 'PROCESS_FAILED', stderr: words, advice: undefined });
  });
});

it('says how to install ZFS where there is none', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = folder;
  try {
    const error = await thrownBy(() => createZfsSource().readDataset('t/a'));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING', advice: expect.stringContaining('Install ZFS') });
  } finally {
    process.env['PATH'] = path;
  }
});
