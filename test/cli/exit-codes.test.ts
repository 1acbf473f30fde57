import { describe, expect, it } from 'vitest';
import { exitStatusTable } from '../../src/errors.ts';
import { readTables } from './docs-tables.ts';

const tables = readTables('exit-codes.md');

describe('docs/exit-codes.md', () => {
  it('has every code with its status, and no other', () => {
    const documented = tables[1]?.rows.map(([code, status]) => [code, Number(status)]);
    expect(documented).toEqual(exitStatusTable());
  });

  it('says what each status means', () => {
    const explained = tables[0]?.rows.map(([status]) => status);
    for (const [, status] of exitStatusTable()) expect(explained).toContain(String(status));
  });
});
