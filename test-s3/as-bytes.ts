/** For execa, where output is bytes: it would take away a last one that happens to be that of a newline, one in 256. */
export const AS_BYTES = { encoding: 'buffer', stripFinalNewline: false } as const;
