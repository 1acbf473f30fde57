export interface ProcessOptions {
  /** Kills the program; whoever waits for it is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Added to the inherited environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Gets what the program writes to stderr as it arrives, not cut at lines. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /**
   * Chunks may be lent: each changes when the next one is asked for. Spares a buffer for each of them, and the memory
   * that they take until they are collected.
   */
  readonly lend?: boolean | undefined;
  /** How long a program that was asked to end (SIGTERM) may take before it gets SIGKILL; 5,000 by default. */
  readonly killGraceMs?: number | undefined;
}
