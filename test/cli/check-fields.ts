import { expect } from 'vitest';
import type { DocumentedTable } from './docs-tables.ts';

/** An object has the very fields of a documented table, each with its type. */
export function checkFields(value: Record<string, unknown>, table: DocumentedTable | undefined): void {
  const rows = table?.rows ?? [];
  expect(Object.keys(value)).toEqual(rows.map(([field]) => field));
  for (const [field = '', type = ''] of rows) expect(typeName(value[field], type), field).toBe(type);
}

function typeName(value: unknown, documented: string): string {
  if (value === null) return documented.endsWith('?') ? documented : 'null';
  const name = Array.isArray(value) ? 'array' : typeof value;
  return documented === `${name}?` ? documented : name;
}
