import type { Writable } from 'node:stream';
import { isBytes, notBytesError } from './is-bytes.ts';

/** How feeding ended. `taken`: every byte was accepted, and the input was ended after the last. */
export type Fed =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'source failed'; readonly error: unknown };

const GONE = Symbol('gone');

/**
 * Copies a source into a writable with back-pressure: the next chunk is asked for when the last one was handed
 * over, so that a source may reuse its buffers. The writable is ended only after the source ended well; when the
 * source throws it is left open, for the caller to destroy. Never rejects. `gone` says that nothing more is wanted.
 * `beforeEnd` is called when the last byte was handed over and the input is about to be ended.
 */
export async function feed(
  writable: Writable,
  source: AsyncIterable<Uint8Array>,
  gone: AbortSignal,
  closeGraceMs: number,
  beforeEnd = () => {},
): Promise<Fed> {
  let iterator: AsyncIterator<Uint8Array>;
  try {
    iterator = source[Symbol.asyncIterator]();
    for (;;) {
      const next = await unlessGone(() => iterator.next(), gone);
      if (next === GONE) break;
      if (next.done) {
        beforeEnd();
        writable.end();
        return { kind: 'taken' };
      }
      if (!isBytes(next.value)) {
        await closeSource(iterator, closeGraceMs);
        return { kind: 'source failed', error: notBytesError(next.value) };
      }
      if (next.value.byteLength === 0) continue;
      if ((await unlessGone(() => write(writable, next.value), gone)) !== true) break;
    }
  } catch (error) {
    return { kind: 'source failed', error };
  }
  await closeSource(iterator, closeGraceMs);
  return { kind: 'refused' };
}

function write(writable: Writable, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    writable.write(chunk, (error) => resolve(!error));
  });
}

/** One promise per chunk: racing against a promise that lives as long as the stream would keep all of them. */
function unlessGone<T>(step: () => Promise<T>, gone: AbortSignal): Promise<T | typeof GONE> {
  return new Promise((resolve, reject) => {
    if (gone.aborted) {
      resolve(GONE);
      return;
    }
    const leave = () => resolve(GONE);
    const settle = () => gone.removeEventListener('abort', leave);
    gone.addEventListener('abort', leave);
    step().then(resolve, reject).finally(settle);
  });
}

/** A generator that waits for something does not notice `return()` before that came: so not for ever. */
async function closeSource(iterator: AsyncIterator<Uint8Array>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  // The source's own trouble at closing is not what the caller asked about.
  const closed = Promise.resolve(iterator.return?.()).catch(() => {});
  await Promise.race([closed, grace]);
  clearTimeout(timer);
}
