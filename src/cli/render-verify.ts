import type { VerifiedBackup, VerifyResult } from '../verify.ts';
import { escapeName, escapeText, renderCount, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

/** More of those with nothing to tell are only counted. */
const OK_SHOWN = 20;

/** What was found, backup by backup, and what it comes to. `onlyFaults`: of those alone that are not ok. */
export function renderVerify(result: VerifyResult, style: Style, onlyFaults = false): string {
  const { backups, store } = result;
  if (backups.length === 0) return `${escapeName(store)} has no backups to look at.\n`;
  const shown = onlyFaults ? 0 : OK_SHOWN;
  const told = backups.filter(
    ({ verdict, notes }) => verdict !== 'ok' || (!onlyFaults && notes.length > 0) || backups.length <= shown,
  );
  const lines = told.flatMap((backup) => renderBackup(backup, style));
  const summary = [renderCounts(result, style), ...remarks(result)];
  return `${[...lines, ...(lines.length > 0 ? [''] : []), ...summary].join('\n')}\n`;
}

function renderBackup(backup: VerifiedBackup, style: Style): readonly string[] {
  const { dataset, snapshot, verdict, reason, findings, notes, notVerified } = backup;
  const paint = {
    ok: style.green,
    damaged: style.red,
    'not restorable': style.red,
    'not verified': style.yellow,
  };
  const name = style.bold(escapeName(`${dataset}@${snapshot}`));
  const texts = [
    ...findings.map(({ message }) => message),
    ...(reason === undefined ? [] : [reason]),
    ...(notVerified ? [notVerified.message] : []),
    ...notes,
  ];
  return [
    `${name}: ${paint[verdict](verdict)} (level ${backup.level}, ${renderSize(backup.storedBytes)})`,
    ...texts.flatMap((text) =>
      escapeText(text)
        .split('\n')
        .map((line) => `    ${line}`),
    ),
  ];
}

function renderCounts({ store, backups, summary }: VerifyResult, style: Style): string {
  const count = (verdict: VerifiedBackup['verdict']) =>
    backups.filter((backup) => backup.verdict === verdict).length;
  const read = backups.filter(({ level }) => level > 1).length;
  const size = renderSize(summary.storedBytes);
  const unread = summary.storedBytes === 0 ? 'no bytes read' : `${size} read, and nothing of it decoded`;
  const how = read === 0 ? unread : `${read} of them read (${size})`;
  const counts = [
    [count('damaged'), 'damaged', style.red],
    [count('not restorable'), 'not restorable', style.red],
    [count('not verified'), 'not verified', style.yellow],
    [count('ok'), 'ok', style.green],
  ] as const;
  const verdicts = counts.flatMap(([number, word, paint]) =>
    number > 0 ? [paint(`${number} ${word}`)] : [],
  );
  return `${escapeName(store)}: ${renderCount(backups.length, 'backup')}, ${how}; ${verdicts.join(', ')}.`;
}

function remarks({ level, sample, backups, notes }: VerifyResult): readonly string[] {
  const isDamaged = backups.some(({ verdict }) => verdict === 'damaged' || verdict === 'not restorable');
  const bare = backups.filter(({ isRecorded }) => !isRecorded).length;
  const percent = sample && `${Number((sample.fraction * 100).toFixed(6))}%`;
  return [
    ...notes.map(escapeText),
    ...(sample ? [`The same sample again: --level ${level} --sample ${percent} --seed ${sample.seed}`] : []),
    ...(bare > 0
      ? [
          `${renderCount(bare, 'backup has', 'backups have')} no record, so that nothing tells what was stored; \`zfs3backup reindex\` writes down what is there now.`,
        ]
      : []),
    ...(level === 1 && !isDamaged ? ['Level 1 sees what listings tell; --level 2 reads the bytes.'] : []),
    ...(isDamaged
      ? [
          'A new full backup needs nothing of what is damaged: `zfs3backup backup --full` while the snapshots are still there.',
        ]
      : []),
  ];
}
