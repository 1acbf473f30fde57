/** Bytes by the last `size<tab>BYTES` line of `zfs send -nvP`; `undefined` where there is none. */
export function parseEstimate(output: string): number | undefined {
  const bytes = [...output.matchAll(/^size\s+(\d+)$/gm)].at(-1)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}
