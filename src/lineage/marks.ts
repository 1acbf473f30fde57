/** What a backup leaves on the machine, so that the next incremental finds something to build on. */

import type { Bookmark } from './snapshot.ts';

/** A tag that keeps a snapshot from being destroyed. */
export interface Hold {
  /** The snapshot's name, after the `@`. */
  readonly snapshot: string;
  readonly tag: string;
}

/** The marks at a dataset, whoever left them. */
export interface Marks {
  /** Whether bookmarks can be made here at all; without it there are none. */
  readonly canBookmark: boolean;
  /** Oldest first. */
  readonly bookmarks: readonly Bookmark[];
  readonly canHold: boolean;
  readonly holds: readonly Hold[];
}

/** Makes or removes one mark. */
export type MarkStep =
  | {
      readonly do: 'bookmark';
      readonly dataset: string;
      readonly snapshot: string;
      /** After the `#`. */
      readonly bookmark: string;
    }
  | { readonly do: 'drop bookmark'; readonly dataset: string; readonly bookmark: string }
  | {
      readonly do: 'hold' | 'release';
      readonly dataset: string;
      readonly snapshot: string;
      readonly tag: string;
    };
