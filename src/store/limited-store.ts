import { limitChunks, type RateLimit } from '../stream/rate-limit.ts';
import type { ObjectStore, Upload } from './object-store.ts';

/**
 * A store whose bodies go through a limit, a part at a time: before it is written, and as it is read. For stores that
 * do not slow down what they send themselves.
 */
export function limited(store: ObjectStore, limit: RateLimit): ObjectStore {
  const wrap = <U extends Upload>(upload: U): U => ({
    ...upload,
    putPart: async (number, body, call) => {
      await limit.take(body.byteLength, call?.signal);
      return upload.putPart(number, body, call);
    },
  });
  // Read through `get`, whose pieces are smaller than the caller's buffers.
  const { getInto: _, ...rest } = store;
  return {
    ...rest,
    put: async (key, body, call) => {
      await limit.take(body.byteLength, call?.signal);
      return store.put(key, body, call);
    },
    get: async (key, call) => {
      const body = await store.get(key, call);
      return { ...body, chunks: limitChunks(body.chunks, limit, call?.signal) };
    },
    startUpload: async (key, call) => wrap(await store.startUpload(key, call)),
    openUploads: async (prefix, call) => (await store.openUploads(prefix, call)).map(wrap),
  };
}
