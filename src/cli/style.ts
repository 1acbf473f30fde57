/** Colours as functions, so that a renderer is pure and plain text needs no stripping. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
}

export type Paint = (text: string) => string;

const paint =
  (open: number, close: number): Paint =>
  (text) =>
    text === '' ? text : `\u001b[${open}m${text}\u001b[${close}m`;
const leave: Paint = (text) => text;

export const plainStyle: Style = { bold: leave, dim: leave, red: leave, yellow: leave, green: leave };

const colorStyle: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  yellow: paint(33, 39),
  green: paint(32, 39),
};

export function createStyle(color: boolean): Style {
  return color ? colorStyle : plainStyle;
}
