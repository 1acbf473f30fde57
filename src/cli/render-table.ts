export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A cell's text and, apart from it, its colour: the width is the text's alone. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** One name of a thousand characters must not push the columns of all others off the screen. */
const MAX_WIDTH = 120;

/** A bar between columns, as z3's table has it; no trailing space; ends without a newline. */
export function renderTable(columns: readonly Column[], rows: ReadonlyArray<readonly Cell[]>): string {
  const head = columns.map(({ title }) => ({ text: title }));
  const lines = [head, ...rows];
  const widths = columns.map((_, at) =>
    Math.min(MAX_WIDTH, Math.max(...lines.map((line) => widthOf(line[at]?.text ?? '')))),
  );
  return lines.map((line) => renderLine(line, columns, widths)).join('\n');
}

function renderLine(line: readonly Cell[], columns: readonly Column[], widths: readonly number[]): string {
  return columns
    .map(({ align }, at) => {
      const { text, paint } = line[at] ?? { text: '' };
      const gap = ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(text)));
      const painted = paint ? paint(text) : text;
      if (align === 'right') return gap + painted;
      return at === columns.length - 1 ? painted : painted + gap;
    })
    .join(' | ');
}

/** Characters as a person counts them; enough for names, which are ASCII on ZFS. */
function widthOf(text: string): number {
  return [...text].length;
}
