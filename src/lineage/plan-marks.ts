import type { MarkStep, Marks } from './marks.ts';
import { type Bookmark, compareDecimals, isBookmark, type Snapshot } from './snapshot.ts';

export interface MarkSettings {
  /** Tells the marks of one store from another's; see `storeId`. */
  readonly storeId: string;
  readonly bookmarks: boolean;
  readonly holds: boolean;
}

/** Whose marks they are stands in front: holds and bookmarks without it are somebody else's. */
const OURS = 'zfs3backup:';
/** What ZFS takes for `dataset#bookmark`, in bytes. */
const MAX_NAME_BYTES = 255;

export function holdTag(storeId: string): string {
  return `${OURS}${storeId}`;
}

/** What the names of a store's bookmarks start with. */
export function bookmarkPrefix(storeId: string): string {
  return `${holdTag(storeId)}:`;
}

/** Whether a hold's tag or a bookmark's name is one of ours, of this store or (without one) of any. */
export function isOurMark(name: string, storeId?: string): boolean {
  if (storeId === undefined) return name.startsWith(OURS);
  return name === holdTag(storeId) || name.startsWith(bookmarkPrefix(storeId));
}

/** Hands the marks from one snapshot to the next, as the newest backup of the store moves on. */
export interface MarkPlanner {
  /** What to do so that the next incremental finds `base`, the newest that this side and the store have in common. */
  keep(base: Snapshot | Bookmark): readonly MarkStep[];
}

/** Nothing is taken away before what replaces it is in place, and nothing that is not this store's. */
export function createMarkPlanner(dataset: string, marks: Marks, settings: MarkSettings): MarkPlanner {
  const prefix = bookmarkPrefix(settings.storeId);
  const tag = holdTag(settings.storeId);
  let bookmarks: readonly Pick<Bookmark, 'name' | 'guid'>[] = marks.bookmarks;
  let held = marks.holds.filter((hold) => hold.tag === tag).map(({ snapshot }) => snapshot);

  function bookmarkSteps(base: Snapshot | Bookmark): readonly MarkStep[] {
    if (!settings.bookmarks || !marks.canBookmark) return [];
    const ours = bookmarks.filter(({ name }) => name.startsWith(prefix));
    const isMarked = ours.some(({ guid }) => guid === base.guid);
    const name = isMarked || isBookmark(base) ? undefined : freeName(base);
    if (!isMarked && name === undefined) return [];
    const older = ours.filter(({ guid }) => guid !== base.guid);
    const dropped = new Set(older.map((bookmark) => bookmark.name));
    bookmarks = bookmarks.filter((bookmark) => !dropped.has(bookmark.name));
    if (name !== undefined) bookmarks = [...bookmarks, { name, guid: base.guid }];
    return [
      ...(name === undefined
        ? []
        : [{ do: 'bookmark', dataset, snapshot: base.name, bookmark: name } as const]),
      ...older.map((bookmark) => ({ do: 'drop bookmark', dataset, bookmark: bookmark.name }) as const),
    ];
  }

  /** The snapshot's own name; where that does not fit, or is another's, its guid, which no other one has. */
  function freeName({ name, guid }: Snapshot): string | undefined {
    return [name, guid]
      .map((ending) => prefix + ending)
      .filter((each) => new TextEncoder().encode(`${dataset}#${each}`).byteLength <= MAX_NAME_BYTES)
      .find((each) => bookmarks.every((bookmark) => bookmark.name !== each));
  }

  function holdSteps(base: Snapshot | Bookmark): readonly MarkStep[] {
    if (!settings.holds || !marks.canHold || isBookmark(base)) return [];
    const former = held.filter((snapshot) => snapshot !== base.name);
    const isHeld = held.includes(base.name);
    held = [base.name];
    return [
      ...(isHeld ? [] : [{ do: 'hold', dataset, snapshot: base.name, tag } as const]),
      ...former.map((snapshot) => ({ do: 'release', dataset, snapshot, tag }) as const),
    ];
  }

  return {
    keep(base) {
      const steps = [...bookmarkSteps(base), ...holdSteps(base)];
      return [...steps.filter(makes), ...steps.filter((step) => !makes(step))];
    },
  };
}

function makes(step: MarkStep): boolean {
  return step.do === 'bookmark' || step.do === 'hold';
}

/** Takes away what backups have left: of one store, or (without one) of all. */
export function planRelease(dataset: string, marks: Marks, storeId?: string): readonly MarkStep[] {
  const holds = marks.holds.filter(({ tag }) => isOurMark(tag, storeId));
  const bookmarks = marks.bookmarks.filter(({ name }) => isOurMark(name, storeId));
  return [
    ...holds.map(({ snapshot, tag }) => ({ do: 'release', dataset, snapshot, tag }) as const),
    ...bookmarks.map(({ name }) => ({ do: 'drop bookmark', dataset, bookmark: name }) as const),
  ];
}

/**
 * What must go before a dataset goes back to `base` (or, without one, is replaced): our holds on what is lost, which
 * would keep it from going, and every newer bookmark, which would speak of a past that the dataset no longer has.
 * `zfs rollback -r` does the latter by itself, `zfs receive -F` does not.
 */
export function planGoingBack(
  dataset: string,
  marks: Marks | undefined,
  { base, lost }: { readonly base: Snapshot | undefined; readonly lost: readonly Snapshot[] },
): readonly MarkStep[] {
  if (marks === undefined) return [];
  const names = new Set(lost.map(({ name }) => name));
  const holds = marks.holds.filter(({ snapshot, tag }) => names.has(snapshot) && isOurMark(tag));
  const bookmarks = marks.bookmarks.filter(
    ({ createtxg }) => base === undefined || compareDecimals(createtxg, base.createtxg) > 0,
  );
  return [
    ...holds.map(({ snapshot, tag }) => ({ do: 'release', dataset, snapshot, tag }) as const),
    ...bookmarks.map(({ name }) => ({ do: 'drop bookmark', dataset, bookmark: name }) as const),
  ];
}
