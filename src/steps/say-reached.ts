/** What a chain of steps has done before one of them failed. */
export function sayReached(done: 'stored' | 'arrived', items: readonly { readonly name: string }[]): string {
  if (items.length === 0)
    return `nothing was ${done === 'stored' ? 'stored' : 'received'} before the failure`;
  const names = items.map(({ name }) => name).join(', ');
  return `${done} before the failure: ${names}. Running the same again goes on from there.`;
}
