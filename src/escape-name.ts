// Control and format characters (those that turn the writing direction, or are not seen), separators of lines, and what is
// no character: a name from a bucket must neither move the cursor nor pretend to be another name.
export const HOSTILE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A name as it may stand on a terminal: what could act there is written as an escape. */
export function escapeName(name: string): string {
  return name.replace(HOSTILE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  // As bash reads it in $'…' as well.
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
