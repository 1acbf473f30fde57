import type { ThawedBackup, ThawResult } from '../thaw.ts';
import { escapeName, escapeText, renderCount, renderDate, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

/** Each object of the chain, oldest first, and what to do next. */
export function renderThaw(result: ThawResult, style: Style): string {
  const { dataset, snapshot, store, notes, backups, isReady } = result;
  const lines = backups.map((each) => renderThawed(each, style));
  const waiting = backups.filter(({ state }) => state !== 'readable').length;
  const name = escapeName(`${dataset}@${snapshot}`);
  const next = isReady
    ? `All of ${name} can be read from ${escapeName(store)} now: run the restore.`
    : `${renderCount(waiting, 'object')} of ${backups.length} cannot be read yet: run the same again later to see how far they are.`;
  return `${[...notes.map(escapeText), ...lines, next].join('\n')}\n`;
}

function renderThawed({ backup, state, until }: ThawedBackup, style: Style): string {
  const paint = state === 'readable' ? style.green : style.yellow;
  const stays = until === undefined ? '' : ` until ${renderDate(until)}`;
  const name = escapeName(`${backup.dataset}@${backup.snapshot}`);
  const kept = `${renderSize(backup.storedBytes)}, ${escapeName(backup.storageClass ?? 'STANDARD')}`;
  return `${name} (${kept}): ${paint(state)}${stays}`;
}

/** As docs/json.md has it. */
export function thawJson({ dataset, snapshot, store, notes, backups, isReady }: ThawResult): object {
  return {
    dataset,
    snapshot,
    store,
    notes,
    ready: isReady,
    backups: backups.map(({ backup, state, until }) => ({
      name: `${backup.dataset}@${backup.snapshot}`,
      key: backup.key,
      storedBytes: backup.storedBytes,
      storageClass: backup.storageClass ?? null,
      state,
      until: until ?? null,
    })),
  };
}
