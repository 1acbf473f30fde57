import type { Duplex } from 'node:stream';
import { feed } from './feed.ts';
import { readOnce } from './read-once.ts';

export interface TransformOptions {
  readonly signal?: AbortSignal | undefined;
  /** Turns what the transformation says into the error that is thrown. */
  readonly describe: (error: unknown) => Error;
  /** Asked at the end: whether the transformation used all of its input. */
  readonly isUsedUp?: () => boolean;
}

const CLOSE_GRACE_MS = 5_000;

/**
 * `source` through one of Node's own transform streams. Throws what `source` throws; a transformation that ends
 * before it took all of its input has failed.
 */
export function pipeThroughTransform(
  create: () => Duplex,
  source: AsyncIterable<Uint8Array>,
  options: TransformOptions,
): AsyncIterable<Uint8Array> {
  return readOnce((ended) => transformed(create(), source, options, ended));
}

async function* transformed(
  transform: Duplex,
  source: AsyncIterable<Uint8Array>,
  { signal, describe, isUsedUp }: TransformOptions,
  ended: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  const gone = new AbortController();
  const leave = () => {
    gone.abort();
    transform.destroy();
  };
  signal?.addEventListener('abort', leave);
  ended.addEventListener('abort', leave);
  const feeding = feed(transform, source, gone.signal, CLOSE_GRACE_MS).then((fed) => {
    if (fed.kind === 'source failed') leave();
    return fed;
  });
  try {
    let failure: unknown;
    try {
      for await (const chunk of transform) yield chunk;
    } catch (error) {
      failure = error;
    }
    leave();
    const fed = await feeding;
    if (ended.aborted) return;
    signal?.throwIfAborted();
    if (fed.kind === 'source failed') throw fed.error;
    if (failure !== undefined) throw describe(failure);
    if (fed.kind === 'refused' || isUsedUp?.() === false)
      throw describe(new Error('bytes follow where the data ends'));
  } finally {
    leave();
    signal?.removeEventListener('abort', leave);
    await feeding;
  }
}
