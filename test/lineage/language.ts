/**
 * The planners' one-line test language. A case is `situation | question → answer`:
 *
 *     local: @a,1 @b,2 | store: a(full) b<a | target: @a,1 | prefix: daily | backup --full → full b
 *
 * local    `@NAME,TXG` or `@NAME,TXG#GUID` (the guid is the txg where it is not given; taken at hour TXG, or `%HOUR`), in any order;
 *          `!` behind it: held for this store, `!TAG` by another tag; `#NAME,TXG` is a bookmark (`ours:` stands for
 *          what the names of this store's bookmarks begin with)
 * flags    as given to `zfs send`; `encrypted` and `raw=on`, `raw=off` among them; in `{send-flags=-L_-c}` a `_` is a blank
 * store    `NAME(full)`, `NAME<PARENT`, `NAME<?` (metadata silent on the parent), all with or without guids:
 *          `b,2<a,1`; `{key=value}` adds metadata, `{stale=yes}` a record of another object, `{taken=HOUR}` one that tells the snapshot's time; `~HOUR` is the time it was stored, by default after everything
 *          local, in the order of the list; `other/ds@NAME…` lies under another dataset
 * target   `none`, `empty`, or as local; `+BYTES` written since (`+?`: cannot be told); `partial:GUID`: beside it lies what
 *          an interrupted receive left, `partial:@NAME` if only its name is known; `all` before it: and nothing else
 * question `health`, `chain NAME`, `status`, `backup [--full | --incremental] [--history] [--snapshot NAME] [--marks]
 *          [--no-bookmarks] [--no-holds]`; with marks the answer has in brackets what goes before all, and behind each step:
 *          `+#BOOKMARK`, `-#BOOKMARK`, `+!HELD`, `-!RELEASED`,
 *          `restore NAME [--force] [--abort-partial]`; in place of the name `--latest` or `--before HOUR`
 */
import { describe, expect, it } from 'vitest';
import { chainTo } from '../../src/lineage/lineage.ts';
import { askBackup, askRestore } from './ask-plan.ts';
import { parseSituation } from './situation.ts';
import {
  writeBackup,
  writeBackupPlan,
  writeConflict,
  writeRestorePlan,
  writeStatus,
} from './write-answer.ts';

/** One test for each line. */
export function cases(title: string, lines: readonly string[]): void {
  describe(title, () => {
    it.each(lines)('%s', (line) => {
      const { asked, expected } = splitCase(line);
      expect(answer(asked)).toBe(expected);
    });
  });
}

/** Splits a case in what is asked of the code and what it should answer. */
function splitCase(line: string): { readonly asked: string; readonly expected: string } {
  const [asked, expected, ...more] = line.split('→');
  if (asked === undefined || expected === undefined || more.length > 0)
    throw new Error(`not a case: ${line}`);
  return { asked, expected: expected.trim() };
}

/** Asks the code and writes its answer in the same language. */
function answer(asked: string): string {
  const situation = parseSituation(asked);
  const { lineage, question } = situation;
  switch (question[0]) {
    case 'health':
      return lineage.entries.map(({ backup, health }) => `${backup.snapshot} ${health}`).join(', ');
    case 'chain': {
      const chain = chainTo(lineage, question[1] ?? '');
      return chain.kind === 'chain' ? chain.backups.map(writeBackup).join(', ') : writeConflict(chain);
    }
    case 'status':
      return writeStatus(situation);
    case 'backup':
      return writeBackupPlan(askBackup(situation));
    case 'restore':
      return writeRestorePlan(askRestore(situation));
    default:
      throw new Error(`not a question: ${question.join(' ')}`);
  }
}
