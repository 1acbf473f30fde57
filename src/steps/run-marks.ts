import { ProcessFailedError } from '../errors.ts';
import type { MarkStep } from '../lineage/marks.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { SnapshotSource } from '../sources/source.ts';

export interface RunMarksOptions {
  readonly source: SnapshotSource;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/** What does not take place when the other failed: nothing is taken away before its successor is in place. */
const NEEDS = { release: 'hold', 'drop bookmark': 'bookmark' } as const;

const WORDS: Readonly<Record<MarkStep['do'], string>> = {
  bookmark: 'no bookmark could be left',
  hold: 'the snapshot could not be held',
  release: 'the former hold could not be released',
  'drop bookmark': 'the former bookmark could not be removed',
};

const DENIED = /permission denied/i;

/** What `zfs allow` must grant. */
const PERMISSIONS: Readonly<Record<MarkStep['do'], string>> = {
  bookmark: 'bookmark',
  hold: 'hold',
  release: 'release',
  'drop bookmark': 'destroy,mount',
};

/**
 * Leaves marks behind a backup. They are a help for the next one, so what cannot be done here is only told, once
 * for each kind, and the backup stays what it is: stored and whole. Throws only when it is aborted.
 */
export function createMarkRunner({ source, signal, logger = silentLogger }: RunMarksOptions) {
  const told = new Set<MarkStep['do']>();

  function tell(step: MarkStep, error: ProcessFailedError): void {
    const facts = { dataset: step.dataset, mark: step.do };
    const words = error.stderr.trim() || error.message;
    if (told.has(step.do)) {
      logger.debug(facts, words);
      return;
    }
    told.add(step.do);
    // a former bookmark is in nobody's way, and who may not destroy anything is well advised: no mail from cron for it
    const level = step.do === 'drop bookmark' && DENIED.test(words) ? 'info' : 'warn';
    logger[level](facts, `${nameOf(step)}: ${WORDS[step.do]} (${words}). ${adviceFor(step, words)}`);
  }

  return async function run(steps: readonly MarkStep[]): Promise<void> {
    const failed = new Set<MarkStep['do']>();
    for (const step of steps) {
      if ((step.do === 'release' || step.do === 'drop bookmark') && failed.has(NEEDS[step.do])) continue;
      try {
        await source.mark?.(step, signal ? { signal } : {});
      } catch (error) {
        if (!(error instanceof ProcessFailedError) || signal?.aborted) throw error;
        failed.add(step.do);
        tell(step, error);
      }
    }
  };
}

function nameOf(step: MarkStep): string {
  return step.do === 'drop bookmark'
    ? `${step.dataset}#${step.bookmark}`
    : `${step.dataset}@${step.snapshot}`;
}

function adviceFor(step: MarkStep, words: string): string {
  const setting = step.do === 'hold' || step.do === 'release' ? 'HOLDS=no' : 'BOOKMARKS=no';
  const whole = 'The backups are whole, and the next one goes on as long as the snapshot is there';
  if (!DENIED.test(words)) return `${whole}; ${setting} does without.`;
  const allow = `zfs allow -u "$(id -un)" ${PERMISSIONS[step.do]} '${step.dataset}'`;
  return `${whole}. As root: \`${allow}\`; or ${setting}.`;
}
