import { randomBytes } from 'node:crypto';
import { Zfs3BackupError } from '../errors.ts';
import type { CallOptions, Upload } from './object-store.ts';
import { readBucketRules } from './s3-bucket-rules.ts';
import type { S3Context } from './s3-context.ts';
import { findCredentials } from './s3-credentials-origin.ts';
import { decodeKey } from './s3-request.ts';
import {
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from './s3-sdk.ts';
import { sseCFields } from './s3-sse-c.ts';
import { startUpload } from './s3-upload.ts';
import type { Refusal, Right, StoreFacts, Trial } from './store-facts.ts';

type Rights = Partial<Record<Right, Trial | undefined>>;

/** What the store lets these credentials do, and how the bucket is set up. */
export async function describeBucket(
  context: S3Context,
  prefix: string,
  call: CallOptions = {},
): Promise<StoreFacts> {
  const rights: Rights = {};
  const isPrivate = context.secure;
  const credentials = await findCredentials(context, call);
  if ('code' in credentials) return { isPrivate, rights: { list: credentials } };
  const { trial, clockAheadMs } = await tryList(context, prefix, call);
  rights.list = trial;
  if (trial !== 'ok' && isForAll(trial)) return { isPrivate, credentials, clockAheadMs, rights };

  const rules = await readBucketRules(context, call);
  await tryReading(context, prefix, rights, call);
  const leftBehind = await tryUploading(context, prefix, rights, call);
  // In a bucket with versions even the removing of what is not there leaves a mark.
  if (rules.versioning === 'off') await tryRemoving(context, prefix, rights, call);
  const region = await readRegion(context, call);
  return { isPrivate, credentials, clockAheadMs, rights, region, leftBehind, ...rules };
}

/** Whatever else were asked would fail in the same way. */
function isForAll({ code, message }: Refusal): boolean {
  return code !== 'STORE_DENIED' || !/access denied/i.test(message);
}

async function attempt(work: () => Promise<unknown>, { signal }: CallOptions): Promise<Trial> {
  for (let last = false; ; last = true) {
    try {
      await work();
      return 'ok';
    } catch (error) {
      if (signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
      // The first refusal of a clock that is off sets it right; and a store may stumble once.
      if (last || !('retryable' in error) || error.retryable !== true) return error;
    }
  }
}

/** The first request: its answer also tells what time it is there. */
async function tryList(context: S3Context, prefix: string, call: CallOptions) {
  const ahead: number[] = [];
  const trial = await attempt(() => {
    const command = new ListObjectsV2Command({
      ...{ Bucket: context.options.bucket, Prefix: prefix, MaxKeys: 1, EncodingType: 'url' },
    });
    command.middlewareStack.add(
      (next) => async (args) => {
        const sentAt = Date.now();
        const result = await next(args);
        const { headers } = result.response as { readonly headers?: Record<string, string> };
        const there = Date.parse(headers?.['date'] ?? '');
        if (Number.isFinite(there)) ahead.push((sentAt + Date.now()) / 2 - there);
        return result;
      },
      // The last before the request goes out, so that refusals are seen as well.
      { step: 'deserialize', priority: 'low' },
    );
    return context.run('list', { key: prefix }, call, ({ client }, send) => client.send(command, send));
  }, call);
  return { trial, clockAheadMs: ahead[0] };
}

async function tryReading(context: S3Context, prefix: string, rights: Rights, call: CallOptions) {
  const Bucket = context.options.bucket;
  rights['list uploads'] = await attempt(
    () =>
      context.run('openUploads', { key: prefix }, call, ({ client }, send) =>
        client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix, MaxUploads: 1 }), send),
      ),
    call,
  );
  // Of what is not there some stores say so to everybody who may list: only an object tells.
  const first = async (input: { readonly Prefix: string; readonly StartAfter?: string }) => {
    const command = new ListObjectsV2Command({ Bucket, ...input, MaxKeys: 1, EncodingType: 'url' });
    const request = () =>
      context.run('list', { key: prefix }, call, ({ client }, send) => client.send(command, send));
    const { Contents, EncodingType } = await request();
    return Contents?.map(({ Key = '' }) => decodeKey(Key, EncodingType))[0];
  };
  const head = async (key: string | undefined) => {
    if (key === undefined) return undefined;
    const command = new HeadObjectCommand({ Bucket, Key: key, ...sseCFields(context.options.sseCKey) });
    return attempt(
      () => context.run('head', { key }, call, ({ client }, send) => client.send(command, send)),
      call,
    );
  };
  // Names of backups sort behind a slash, all else beside them before it.
  rights['read backups'] = await head(await first({ Prefix: prefix, StartAfter: `${prefix}/` }));
  rights['read records'] = await head(await first({ Prefix: `${prefix}.records/` }));
}

/** An upload that is begun, gets one part and is dropped: all that storing takes but Complete, which needs no other right. */
async function tryUploading(context: S3Context, prefix: string, rights: Rights, call: CallOptions) {
  const key = `${prefix}${probeName()}`;
  let upload: Upload | undefined;
  rights['start upload'] = await attempt(async () => {
    upload = await startUpload(context, key, call);
  }, call);
  if (!upload) return undefined;
  const { uploadId, putPart, listParts, abort } = upload;
  rights['store part'] = await attempt(() => putPart(1, randomBytes(16), call), call);
  rights['list parts'] = await attempt(() => listParts(call), call);
  rights['drop upload'] = await attempt(() => abort(call), call);
  return rights['drop upload'] === 'ok' ? undefined : { key, uploadId };
}

async function tryRemoving(context: S3Context, prefix: string, rights: Rights, call: CallOptions) {
  const remove = (key: string) => () =>
    context.run('remove', { key }, call, ({ client }, send) =>
      client.send(new DeleteObjectCommand({ Bucket: context.options.bucket, Key: key }), send),
    );
  rights['remove notes'] = await attempt(remove(`${prefix}.uploads/${probeName()}`), call);
  rights['remove backups'] = await attempt(remove(`${prefix}${probeName()}`), call);
}

async function readRegion(context: S3Context, call: CallOptions): Promise<string | undefined> {
  const command = new HeadBucketCommand({ Bucket: context.options.bucket });
  let region: string | undefined;
  await attempt(async () => {
    const answer = await context.run('head', { key: '' }, call, ({ client }, send) =>
      client.send(command, send),
    );
    region = answer.BucketRegion;
  }, call);
  return region;
}

/** Of an object that is not there, and cannot be a backup: those do not begin with a dot. */
function probeName(): string {
  return `.doctor-${randomBytes(8).toString('hex')}`;
}
