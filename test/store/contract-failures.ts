import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { collect } from '../transfer/bytes.ts';
import { type Open, PART } from './contract-options.ts';
import { all } from './read-back.ts';
import { expectCode, failureOf } from './store-failure.ts';

const MIB = 1024 ** 2;

export function describeFailures(open: Open, openMissing: Open): void {
  it('fails with NO_SUCH_KEY, naming the key', async () => {
    const store = await open();
    const error = await failureOf(store.get('tank/a@gone'));
    expect(error).toMatchObject({ code: 'NO_SUCH_KEY', key: 'tank/a@gone', retryable: false });
    expect(error.message).toContain('tank/a@gone');
    expect(await store.head('tank/a@gone')).toBeUndefined();
  });

  it('fails with NO_SUCH_BUCKET for a place that does not exist, whatever is asked', async () => {
    const store = await openMissing();
    await expectCode(store.head('k'), 'NO_SUCH_BUCKET');
    await expectCode(store.get('k'), 'NO_SUCH_BUCKET');
    await expectCode(store.put('k', Buffer.from('x')), 'NO_SUCH_BUCKET');
    await expectCode(store.startUpload('k'), 'NO_SUCH_BUCKET');
    await expectCode(store.openUploads(''), 'NO_SUCH_BUCKET');
    await expectCode(all(store.list('')), 'NO_SUCH_BUCKET');
    expect((await failureOf(store.head('k'))).advice).toBeTruthy();
    store.close();
  });

  it('rejects with the reason of a signal that was aborted before', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(store.head('k', { signal })).rejects.toBe(reason);
    await expect(store.get('k', { signal })).rejects.toBe(reason);
    await expect(store.put('k', Buffer.from('x'), { signal })).rejects.toBe(reason);
    await expect(store.remove('k', { signal })).rejects.toBe(reason);
    await expect(store.startUpload('k', { signal })).rejects.toBe(reason);
    await expect(store.openUploads('', { signal })).rejects.toBe(reason);
    await expect(all(store.list('', { signal }))).rejects.toBe(reason);
    await expect(upload.putPart(1, Buffer.from('x'), { signal })).rejects.toBe(reason);
    await expect(upload.listParts({ signal })).rejects.toBe(reason);
    await expect(upload.complete([], { signal })).rejects.toBe(reason);
    await expect(upload.abort({ signal })).rejects.toBe(reason);
    expect(await store.head('k')).toBeUndefined();
  });

  it('stops a part that is under way, and takes it again', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const body = randomBytes(32 * MIB);
    const stop = new AbortController();
    const reason = new Error('enough');
    const sending = upload.putPart(1, body, { signal: stop.signal });
    setImmediate(() => stop.abort(reason));
    await expect(sending).rejects.toBe(reason);
    await upload.complete([await upload.putPart(1, body)]);
    expect((await collect((await store.get('k')).chunks)).equals(body)).toBe(true);
  });

  it('stops a body that is being read', async () => {
    const store = await open();
    await store.put('k', randomBytes(32 * MIB));
    const stop = new AbortController();
    const reason = new Error('enough');
    const { chunks } = await store.get('k', { signal: stop.signal });
    const reading = (async () => {
      for await (const _ of chunks) stop.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });

  it('names itself to a person', async () => {
    const store = await open();
    expect(store.url).toMatch(/^(s3|file):\/\/\S+$/);
    expect(store.prefix).toMatch(/\/$/);
    expect(store.limits.minPartBytes).toBeLessThanOrEqual(PART);
    expect(store.limits.maxParts * store.limits.maxPartBytes).toBeGreaterThanOrEqual(
      store.limits.maxObjectBytes,
    );
  });
}
