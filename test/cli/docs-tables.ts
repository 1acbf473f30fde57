import { readFileSync } from 'node:fs';

export interface DocumentedTable {
  /** The heading or sentence that stands last above it. */
  readonly title: string;
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** The tables of a page in docs/, cells without backticks. */
export function readTables(page: string): readonly DocumentedTable[] {
  const lines = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8').split('\n');
  const tables: { title: string; rows: string[][] }[] = [];
  let title = '';
  let inside = false;
  for (const line of lines) {
    if (!line.startsWith('|')) {
      inside = false;
      if (line !== '') title = line;
    } else if (line.startsWith('|---')) {
      inside = true;
      tables.push({ title, rows: [] });
    } else if (inside) {
      const cells = line.split('|').slice(1, -1);
      tables.at(-1)?.rows.push(cells.map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')));
    }
  }
  return tables;
}

/** Of docs/json.md, the first below a title with these words. */
export function jsonTable(words: string): DocumentedTable | undefined {
  return readTables('json.md').find(({ title }) => title.includes(words));
}
