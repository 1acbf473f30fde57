import { own } from './environment-names.ts';
import type { Setting } from './setting.ts';

/** Which backups `prune` leaves. */
export const RETENTION_SETTINGS = {
  KEEP: {
    type: 'retention',
    property: 'keep',
    group: 'What is kept',
    help: 'Which backups `zfs3backup prune` leaves, as in zfs-autobackup: 10,1d1w,1w1m,1m1y are the newest 10, one per day for a week, one per week for a month and one per month for a year.',
    without: 'nothing is ever pruned',
    example: '10,1d1w,1w1m,1m1y',
    flag: 'keep',
    environment: own('KEEP'),
    perDataset: true,
  },
} as const satisfies Record<string, Setting>;
