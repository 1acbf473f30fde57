import type { Child, ChildOptions } from './child.ts';

/** Loaded with the first program: execa is a third of what a command without one takes to start. */
export async function loadStart(): Promise<(argv: readonly string[], options: ChildOptions) => Child> {
  return (await import('./start-child.ts')).startChild;
}
