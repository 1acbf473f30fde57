import { describe, expect, it } from 'vitest';
import { ProcessFailedError } from '../../src/errors.ts';
import type { MarkStep } from '../../src/lineage/marks.ts';
import type { SnapshotSource } from '../../src/sources/source.ts';
import { createMarkRunner } from '../../src/steps/run-marks.ts';
import { DATASET } from '../lineage/situation.ts';

describe('marks that cannot be made', () => {
  const steps: readonly MarkStep[] = [
    { do: 'bookmark', dataset: DATASET, snapshot: 'b', bookmark: 'x:b' },
    { do: 'hold', dataset: DATASET, snapshot: 'b', tag: 'x' },
    { do: 'drop bookmark', dataset: DATASET, bookmark: 'x:a' },
    { do: 'release', dataset: DATASET, snapshot: 'a', tag: 'x' },
  ];

  async function runDenying(denied: readonly MarkStep['do'][], words = 'permission denied') {
    const tried: string[] = [];
    const warnings: string[] = [];
    const remarks: string[] = [];
    const source = {
      async mark(step: MarkStep) {
        tried.push(step.do);
        if (!denied.includes(step.do)) return;
        throw new ProcessFailedError({ command: ['zfs'], exitCode: 1, stderr: words });
      },
    } as unknown as SnapshotSource;
    const logger = {
      debug() {},
      info: (_: object, message: string) => void remarks.push(message),
      warn: (_: object, message: string) => void warnings.push(message),
    };
    const run = createMarkRunner({ source, logger });
    await run(steps);
    await run(steps);
    return { tried: tried.slice(0, tried.length / 2), warnings, remarks };
  }

  it.each([
    [[], ['bookmark', 'hold', 'drop bookmark', 'release']],
    [['bookmark'], ['bookmark', 'hold', 'release']],
    [['hold'], ['bookmark', 'hold', 'drop bookmark']],
    [
      ['bookmark', 'hold'],
      ['bookmark', 'hold'],
    ],
  ] as const)('without %j nothing is taken away that has no successor', async (denied, expected) => {
    expect((await runDenying(denied)).tried).toEqual(expected);
  });

  it('are told once for each kind, with what to type', async () => {
    const { warnings, remarks } = await runDenying(['hold', 'drop bookmark']);
    expect(warnings).toEqual([expect.stringContaining(`zfs allow -u "$(id -un)" hold 'tank/a'`)]);
    // cron needs no mail of it
    expect(remarks).toEqual([expect.stringContaining(`zfs allow -u "$(id -un)" destroy,mount 'tank/a'`)]);
    const [other] = (await runDenying(['bookmark'], 'pool must be upgraded')).warnings;
    expect(other).toContain('tank/a@b: no bookmark could be left (pool must be upgraded)');
    expect(other).toContain('BOOKMARKS=no');
  });

  it('do not hide an abort', async () => {
    const source = {
      mark: () => Promise.reject(new Error('enough')),
    } as unknown as SnapshotSource;
    const run = createMarkRunner({ source, signal: AbortSignal.abort() });
    await expect(run(steps)).rejects.toThrow('enough');
  });
});
