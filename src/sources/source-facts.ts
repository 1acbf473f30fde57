/** What a source can do on this machine. */
export interface SourceFacts {
  /** The program and its version, such as `OpenZFS 2.3.9`. */
  readonly program: string;
  /** What it cannot do that current ones can; sentences without a full stop. */
  readonly lacks: readonly string[];
  /** Who runs it. */
  readonly user: string;
  /** May do everything. */
  readonly isRoot: boolean;
  /** By dataset: what this user was allowed there; `undefined` where it cannot be read. */
  readonly allowed: ReadonlyMap<string, readonly string[] | undefined>;
}
