import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, expect, vi } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import type { Logger } from '../../src/logger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type Sleep, sleepFor } from '../../src/store/retry.ts';
import type { S3StoreOptions } from '../../src/store/s3-context.ts';
import { openDownload } from '../../src/transfer/download.ts';
import { type UploadOptions, type UploadResult, upload } from '../../src/transfer/upload.ts';
import { createBucket, openTestStore, removeBucket, s3Server } from '../s3.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const MIB = 1024 ** 2;
export const PART = 5 * MIB;
export const KEY = 'tank/data@a day';
/** Three parts, the last one short. */
export const BODY = randomBytes(2 * PART + 12_345);

/** So short that a test of it takes a moment; long enough for two busy cores. */
export const IDLE_MS = 2_500;

// No fault may end in a hang; this is far above what any takes.
vi.setConfig({ testTimeout: 20_000 });

/** For a test of many faults in a row. */
export const LONG_TIME_LIMIT_MS = 40_000;

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn';
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface FaultCase {
  readonly proxy: FaultProxy;
  readonly bucket: string;
  /** Behind the proxy, as the library sees it. */
  readonly store: ObjectStore;
  /** Past the proxy, to see what is really there. */
  readonly direct: ObjectStore;
  readonly log: readonly LogLine[];
  /** What the engine wanted to wait; it does not wait longer than a moment here. */
  readonly delays: readonly number[];
  upload(options?: Partial<UploadOptions>): Promise<UploadResult>;
  download(): Promise<Buffer>;
  expectStored(body?: Buffer): Promise<void>;
  /** Neither object nor open upload. */
  expectNothing(): Promise<void>;
}

// A gateway that has just started takes longer for its first upload than the short time limits of these tests.
beforeAll(async () => {
  const { upload } = await createFaultCase();
  await upload().catch(() => {});
}, LONG_TIME_LIMIT_MS);

const closers: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A new bucket, a proxy before its server, and a store that knows only the proxy. */
export async function createFaultCase(options: Partial<S3StoreOptions> = {}): Promise<FaultCase> {
  const bucket = await createBucket();
  const proxy = await startFaultProxy(s3Server().endpoint);
  const timeouts = { connectMs: 5_000, idleMs: IDLE_MS, completeIdleMs: IDLE_MS };
  const store = openTestStore(bucket, { endpoint: proxy.endpoint, timeouts, ...options });
  const direct = openTestStore(bucket);
  const log: LogLine[] = [];
  const delays: number[] = [];
  const logger = collect(log);
  const sleep: Sleep = async (ms, call) => {
    delays.push(ms);
    await sleepFor(Math.min(ms, 50), call);
  };
  closers.push(async () => {
    // The server of the tests keeps everything in memory.
    for await (const { key } of direct.list('')) await direct.remove(key);
    for (const open of await direct.openUploads('')) await open.abort();
    await removeBucket(bucket);
    store.close();
    direct.close();
    await proxy.close();
  });
  return {
    proxy,
    bucket,
    store,
    direct,
    log,
    delays,
    upload: (more) =>
      upload({ store, key: KEY, source: chunksOf(BODY), partBytes: PART, logger, sleep, ...more }),
    download: () => readAll(store, { logger, sleep }),
    expectStored: async (body = BODY) => {
      expect(body.equals(await readAll(direct, {}))).toBe(true);
      expect(await keysOf(direct)).toEqual([KEY]);
      expect(await direct.openUploads('')).toEqual([]);
    },
    expectNothing: async () => {
      expect(await keysOf(direct)).toEqual([]);
      expect(await direct.openUploads('')).toEqual([]);
    },
  };
}

/** What was to be tried again: in all, or of one operation, such as `part 2`. */
export function retriesOf({ log }: FaultCase, operation?: string): readonly LogLine[] {
  const retries = log.filter(({ level, facts }) => level === 'debug' && 'delayMs' in facts);
  return operation ? retries.filter(({ facts }) => facts['operation'] === operation) : retries;
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

export async function failureOf(promise: Promise<unknown>): Promise<Zfs3BackupError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Zfs3BackupError);
  return error as Zfs3BackupError;
}

export async function* chunksOf(body: Buffer, bytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += bytes) yield body.subarray(at, at + bytes);
}

async function readAll(store: ObjectStore, more: { logger?: Logger; sleep?: Sleep }): Promise<Buffer> {
  const { chunks } = await openDownload({ store, key: KEY, ...more });
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

function collect(lines: LogLine[]): Logger {
  const write = (level: LogLine['level']) => (facts: object, message: string) =>
    void lines.push({ level, facts: { ...facts }, message });
  return { debug: write('debug'), info: write('info'), warn: write('warn') };
}
