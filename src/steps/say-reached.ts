/** What a chain of steps has done before one of them failed, or before somebody interrupted it. */
export function sayReached(
  done: 'stored' | 'arrived',
  items: readonly { readonly name: string }[],
  signal: AbortSignal | undefined,
): string {
  const end = signal?.aborted ? 'interruption' : 'failure';
  if (items.length === 0) return `nothing was ${done === 'stored' ? 'stored' : 'received'} before the ${end}`;
  const names = items.map(({ name }) => name).join(', ');
  return `${done} before the ${end}: ${names}. Running the same again goes on from there.`;
}
