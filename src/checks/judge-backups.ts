import type { Lineage } from '../lineage/backup.ts';
import { ABANDONED_SECONDS } from '../lineage/plan-cleanup.ts';
import { type Finding, note, ok, warning } from './finding.ts';

const DAY_MS = 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;
/** Longer than a week's job may be late. */
const OLD_DAYS = 8;

/** How far what is stored is behind, and whether it can be restored. */
export function judgeBackups({ dataset, entries }: Lineage, now: Date): readonly Finding[] {
  const newest = entries.map(({ backup }) => backup).sort((a, b) => +b.storedAt - +a.storedAt)[0];
  if (!newest) return [note('backups', `${dataset} has none yet`, '`zfs3backup backup` makes the first.')];
  const age = now.getTime() - newest.storedAt.getTime();
  const what = `the newest of ${dataset} is ${newest.snapshot}, stored ${ageText(age)} ago`;
  const broken = entries.filter(({ health }) => health !== 'ok').length;
  return [
    age > OLD_DAYS * DAY_MS
      ? warning('backups', what, 'Look whether the job still runs.')
      : ok('backups', what),
    ...(broken === 0
      ? []
      : [
          warning(
            'backups',
            `${broken} of ${dataset} cannot be restored`,
            '`zfs3backup status` shows which.',
          ),
        ]),
  ];
}

function ageText(ms: number): string {
  if (ms < 2 * HOUR_MS) return `${Math.max(0, Math.round(ms / 60_000))} min`;
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} days`;
}

/** When each of the uploads that are open was started. */
export function judgeUploads(startedAt: readonly Date[], now: Date): readonly Finding[] {
  if (startedAt.length === 0) return [];
  const old = startedAt.filter((date) => now.getTime() - date.getTime() > ABANDONED_SECONDS * 1000).length;
  if (old === 0) return [note('backups', `${startedAt.length} uploads are open, none for more than a week`)];
  const what = `${old} of ${startedAt.length} open uploads are older than a week, and may cost money`;
  return [warning('backups', what, '`zfs3backup cleanup` drops them.')];
}
