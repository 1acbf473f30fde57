import { describe, expect, it } from 'vitest';
import { restoreJson, restorePlanJson } from '../../src/cli/render-json.ts';
import { renderReceived, renderRestorePlan, renderRestoreResult } from '../../src/cli/render-restore.ts';
import { plainStyle } from '../../src/cli/style.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { summary } from './run-summary.ts';

const MIB = 1024 ** 2;

describe('restore', () => {
  const base = { dataset: 'tank/a', store: 's3://bucket', target: 'tank/b', notes: [] };

  it('shows its steps and what would be lost', () => {
    const backup = { dataset: 'tank/a', snapshot: 's1', kind: 'full', parent: undefined, storedBytes: MIB };
    const pipeline = [
      ['zfs3backup_get', 'k'],
      ['zfs', 'receive', 'tank/b'],
    ];
    const receive = { target: 'tank/b', snapshot: 's1', force: false, mount: false };
    const steps = [
      { backup: { ...backup, key: 'k' }, receive, before: [['zfs', 'create', 'tank']], pipeline },
    ];
    const bytes = { storedBytes: MIB, streamBytes: 2 * MIB };
    const planned = { ...base, snapshot: 's1', losses: ['the snapshot tank/b@x'], steps, ...bytes } as never;
    expect(`\n${renderRestorePlan(planned, plainStyle)}`).toBe(`
would be lost: the snapshot tank/b@x
Would receive 1 backup (1.0 MiB stored, 2.0 MiB of stream) from s3://bucket into tank/b.

1. full tank/a@s1: 1.0 MiB stored
   zfs create tank
   zfs3backup_get k | zfs receive tank/b
`);
    const json = JSON.parse(JSON.stringify(restorePlanJson(planned)));
    checkFields(json, jsonTable('restore --dry-run --json'));
    checkFields(json.steps[0], jsonTable('`steps` of a restore'));
  });

  it('says what arrived, or that nothing had to', () => {
    const one = { name: 'tank/b@s1', storedBytes: 1, streamBytes: 2 * MIB, seconds: 2, retries: 0 };
    expect(renderReceived(one)).toBe('received tank/b@s1: 2.0 MiB, 2.0 s at 1.0 MiB/s\n');
    const restored = { ...base, received: [one], summary };
    expect(renderRestoreResult(restored)).toBe('tank/b is restored.\n');
    expect(renderRestoreResult({ ...base, received: [], summary })).toMatch(/^Nothing to do/);
    const json = JSON.parse(JSON.stringify(restoreJson(restored)));
    checkFields(json, jsonTable('zfs3backup restore --json'));
    checkFields(json.received[0], jsonTable('Each of `received`'));
  });
});
