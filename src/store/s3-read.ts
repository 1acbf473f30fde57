import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from '../errors.ts';
import { rangeBytes } from './http-answer.ts';
import type { IntoBuffer } from './into-buffer.ts';
import { assertKey } from './keys.ts';
import type { GetIntoOptions, GetOptions, ObjectBody, ObjectInfo } from './object-store.ts';
import { wordsFor } from './operation-words.ts';
import type { S3Context } from './s3-context.ts';
import { asStoreError, callOf } from './s3-errors.ts';
import { infoOf, withKey } from './s3-head.ts';
import { GetObjectCommand } from './s3-sdk.ts';

export async function getObject(context: S3Context, key: string, call: GetOptions = {}): Promise<ObjectBody> {
  assertKey('get', key);
  const { range, ifMatch } = call;
  const answer = await withKey(context, (customerKey) => {
    const command = getCommand(context, key, customerKey, { range, ifMatch });
    return context.run('get', { key }, call, ({ client }, send) => client.send(command, send));
  });
  const bytes = answer.ContentLength ?? rangeBytes({ 'content-range': answer.ContentRange ?? '' });
  const body = answer.Body as AsyncIterable<Uint8Array> | undefined;
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      if (body !== undefined) yield* body;
    } catch (error) {
      throw asStoreError(error, { ...callOf(context.options), operation: 'get', key }, call.signal);
    }
  }
  return { info: infoOf(context, key, answer, wholeBytes(answer) ?? bytes ?? 0), bytes, chunks: read() };
}

export async function getObjectInto(
  context: S3Context,
  key: string,
  into: Uint8Array,
  { first, ifMatch, onBytes, ...call }: GetIntoOptions,
): Promise<{ info: ObjectInfo; bytes: number }> {
  assertKey('get', key);
  const range = { first, last: first + into.byteLength - 1 };
  let bytes = 0;
  const count = (filled: number) => {
    bytes = filled;
    onBytes?.(filled);
  };
  const answer = await withKey(context, (customerKey) => {
    const command = getCommand(context, key, customerKey, { range, ifMatch });
    return context.run('get', { key }, call, ({ client }, send) => {
      const options: typeof send & { into: IntoBuffer } = { ...send, into: { buffer: into, onBytes: count } };
      return client.send(command, options);
    });
  });
  const whole = wholeBytes(answer) ?? bytes;
  if (!isAbout(answer, range, bytes)) {
    const what = `the store did not answer for bytes ${range.first}-${range.last} (${answer.ContentRange ?? 'all of it'})`;
    throw new StoreError('MISMATCH', `cannot ${wordsFor('get')} ${key}: ${what}`, {
      ...{ operation: 'get', key, retryable: false },
    });
  }
  return { info: infoOf(context, key, answer, whole), bytes };
}

function getCommand(
  { options }: S3Context,
  key: string,
  customerKey: object,
  { range, ifMatch }: { readonly [Name in 'range' | 'ifMatch']: GetOptions[Name] | undefined },
): GetObjectCommand {
  return new GetObjectCommand({
    Bucket: options.bucket,
    Key: key,
    ...customerKey,
    ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
    ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
  });
}

/** Whether what came is the range that was asked for, or all that the object has of it. */
function isAbout(
  { ContentRange, ContentLength }: GetObjectCommandOutput,
  { first, last }: { readonly first: number; readonly last: number },
  bytes: number,
): boolean {
  if (ContentRange === undefined) return first === 0 && ContentLength === bytes;
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange)?.map(Number) ?? [];
  if (from !== first || to === undefined || total === undefined) return false;
  return to === Math.min(last, total - 1) && bytes === to - first + 1;
}

/** The object's size behind `Content-Range: bytes 0-9/100`. */
function wholeBytes({ ContentRange }: GetObjectCommandOutput): number | undefined {
  const total = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}
