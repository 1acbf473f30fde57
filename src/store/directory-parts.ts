/** Where the parts of an upload lie in a directory store; pure. */

export interface PartPlace {
  readonly partNumber: number;
  readonly bytes: number;
  readonly etag: string;
  /** The offset in the upload's body, or the name of the part's own file. */
  readonly at: number | string;
}

/** A marker's file name says everything, so that making it is one step. */
export function renderPlace({ partNumber, bytes, etag, at }: PartPlace): string {
  return `part_${String(partNumber).padStart(5, '0')}_${bytes}_${etag}_${at}`;
}

export function parsePlace(name: string): PartPlace | undefined {
  const match = /^part_(\d{5})_(\d+)_([0-9a-f]+)_(\d+|own-[0-9a-f-]+)$/.exec(name);
  if (match === null) return undefined;
  const [, partNumber = '', bytes = '', etag = '', at = ''] = match;
  return {
    partNumber: Number(partNumber),
    bytes: Number(bytes),
    etag,
    at: at.startsWith('own-') ? at : Number(at),
  };
}

/**
 * Gives parts their place in the body. A place is known once all parts before it were seen, which is at once for a
 * sender that goes by number. Bytes that belong to a stored part are never written over.
 */
export interface PartLayout {
  /** The offset for a part that is about to be written; `undefined` when it needs a file of its own. */
  reserve(partNumber: number, bytes: number): number | undefined;
  /** Gives the place back after the write failed. */
  release(partNumber: number, offset: number | undefined): void;
}

interface Slot {
  readonly offset: number;
  readonly bytes: number;
}

export function createPartLayout(stored: readonly PartPlace[]): PartLayout {
  const slots = new Map<number, Slot>();
  const sizes = new Map<number, number>();
  const taken = new Set<number>();
  for (const { partNumber, bytes, at } of stored) {
    sizes.set(partNumber, bytes);
    if (typeof at !== 'number') continue;
    slots.set(partNumber, { offset: at, bytes });
    taken.add(partNumber);
  }
  let known = 0;
  advance();

  /** Parts 1…known have a slot; goes on as far as the sizes are known. */
  function advance(): void {
    for (;;) {
      const bytes = sizes.get(known + 1);
      if (bytes === undefined) return;
      const offset = endOf(known);
      if (!slots.has(known + 1)) slots.set(known + 1, { offset, bytes });
      known += 1;
    }
  }

  function endOf(partNumber: number): number {
    const slot = slots.get(partNumber);
    return slot === undefined ? 0 : slot.offset + slot.bytes;
  }

  function isFree(partNumber: number, { offset, bytes }: Slot): boolean {
    for (const other of taken) {
      const slot = slots.get(other);
      if (other === partNumber || slot === undefined) continue;
      if (offset < slot.offset + slot.bytes && slot.offset < offset + bytes) return false;
    }
    return true;
  }

  return {
    reserve: (partNumber, bytes) => {
      if (!sizes.has(partNumber)) sizes.set(partNumber, bytes);
      advance();
      const slot = slots.get(partNumber);
      if (slot?.bytes !== bytes || taken.has(partNumber) || !isFree(partNumber, slot)) return undefined;
      taken.add(partNumber);
      return slot.offset;
    },
    release: (partNumber, offset) => {
      if (offset !== undefined) taken.delete(partNumber);
    },
  };
}
