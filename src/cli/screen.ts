import type { Writable } from 'node:stream';

/** stderr, shared by lines that stay and one line that is rewritten below them. */
export interface Screen {
  /** Puts whole lines above the rewritten one. */
  write(text: string): void;
  /** Replaces the last line; only for a terminal. */
  rewrite(line: string): void;
  /** Takes the rewritten line away. */
  clear(): void;
  /** Takes it away while another stream is written to, which may be the same terminal. */
  aside(write: () => Promise<void>): Promise<void>;
}

const ERASE_LINE = '\r\u001b[2K';

export function createScreen(stream: Writable): Screen {
  let shown = '';
  const put = (text: string) => {
    if (!stream.destroyed && text !== '') stream.write(text);
  };
  const clear = () => {
    if (shown !== '') put(ERASE_LINE);
    shown = '';
  };
  return {
    clear,
    async aside(write) {
      const hidden = shown;
      clear();
      await write();
      if (shown !== '') return;
      put(hidden);
      shown = hidden;
    },
    write(text) {
      put(shown === '' ? text : `${ERASE_LINE}${text}${shown}`);
    },
    rewrite(line) {
      if (line !== shown) put(`${shown === '' ? '' : ERASE_LINE}${line}`);
      shown = line;
    },
  };
}
