import { wrongLength } from './coded-error.ts';
import { rangeBytes } from './http-answer.ts';

/** An option of `client.send`, for GetObject: a body that fits goes there, and that of the answer is empty. */
export interface IntoBuffer {
  readonly buffer: Uint8Array;
  /** Called with the number of bytes of the body that are in the buffer so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Bytes of a body; `undefined` where nothing tells before it is read. */
export function announcedBytes(headers: Readonly<Record<string, string>>): number | undefined {
  const length = headers['content-length'];
  // Something between us and the store may have taken the length away; then the range tells it.
  return length === undefined ? rangeBytes(headers) : Number(length);
}

/** The last byte is told of at the end, which shows that no more come. */
export async function fillBuffer(
  body: AsyncIterable<Uint8Array>,
  length: number,
  { buffer, onBytes }: IntoBuffer,
): Promise<void> {
  let filled = 0;
  for await (const chunk of body) {
    if (filled + chunk.byteLength > length) throw wrongLength(filled + chunk.byteLength, length);
    buffer.set(chunk, filled);
    filled += chunk.byteLength;
    onBytes?.(Math.min(filled, length - 1));
  }
  if (filled < length) throw wrongLength(filled, length);
  onBytes?.(length);
}
