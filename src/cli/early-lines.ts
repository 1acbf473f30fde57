import type { Session } from './session.ts';

/** What is printed while a run goes on: an output that takes nothing does not keep the next step from being done. */
export function createEarlyLines({ print }: Session) {
  let failure: { readonly error: unknown } | undefined;
  return {
    async put(text: string): Promise<void> {
      try {
        if (!failure) await print(text);
      } catch (error) {
        failure = { error };
      }
    },
    throwIfFailed(): void {
      if (failure) throw failure.error;
    },
  };
}
