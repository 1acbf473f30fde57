import type { ObjectInfo, ObjectStore } from '../../src/store/object-store.ts';
import { denied } from './fault-store.ts';

export type GetInto = NonNullable<ObjectStore['getInto']>;

interface Request {
  readonly first: number;
  readonly last: number;
  readonly n: number;
}

/** Before a range is answered: what this does to it. `bytes` come before the error; `wait` first. */
type Play = (request: Request) => { readonly bytes?: number; readonly error?: Error | undefined } | undefined;

/** As `store`, which fills buffers by itself: bytes come in pieces, some requests at once. */
export function withGetInto(store: ObjectStore, play: Play = () => undefined) {
  const requests: Request[] = [];
  let running = 0;
  let most = 0;
  let aborted = 0;
  const getInto: GetInto = async (key, into, { first, ifMatch, signal, onBytes }) => {
    const request = { first, last: first + into.byteLength - 1, n: requests.length + 1 };
    requests.push(request);
    running += 1;
    most = Math.max(most, running);
    signal?.addEventListener('abort', () => (aborted += 1));
    try {
      const info = (await store.head(key)) as ObjectInfo;
      if (ifMatch !== info.etag) throw Object.assign(denied(), { code: 'MISMATCH' });
      const { chunks } = await store.get(key, { range: request });
      const { bytes: enough = Number.POSITIVE_INFINITY, error } = play(request) ?? {};
      let filled = 0;
      for await (const chunk of chunks) {
        await new Promise(setImmediate);
        signal?.throwIfAborted();
        const piece = chunk.subarray(0, enough - filled);
        into.set(piece, filled);
        filled += piece.byteLength;
        onBytes?.(filled);
        if (filled >= enough) break;
      }
      if (error) throw error;
      return { info, bytes: filled };
    } finally {
      running -= 1;
    }
  };
  return {
    store: { ...store, getInto },
    requests,
    running: () => running,
    most: () => most,
    aborted: () => aborted,
  };
}
