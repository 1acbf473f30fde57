import type { EncodedBody } from '../filters/filter.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { gather } from '../stream/gather.ts';

/** The first bytes of a stored body of `storedBytes`, for a check of its decoder. */
export function headReader(
  store: ObjectStore,
  key: string,
  storedBytes: number,
  options: CallOptions = {},
): EncodedBody['readHead'] {
  return async (bytes) => {
    const wanted = Math.min(bytes, storedBytes);
    if (wanted <= 0) return new Uint8Array(0);
    const { chunks } = await store.get(key, { ...options, range: { first: 0, last: wanted - 1 } });
    return gather(chunks);
  };
}
