import { constants, createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Zfs3BackupError } from './errors.ts';
import { streamDecoders } from './filters/stream-decoders.ts';
import { createStreamInspector } from './inspect/create-stream-inspector.ts';
import type { Expectation, InspectDepth } from './inspect/stream-inspector.ts';
import { type Logger, silentLogger } from './logger.ts';
import { joinProgress, type OnProgress } from './progress.ts';
import type { Metadata, ObjectStore } from './store/object-store.ts';
import { type DescriptorSource, isDescriptorSource } from './stream/descriptor-source.ts';
import { meter } from './stream/meter.ts';
import { readProcess } from './stream/process.ts';
import { readOnce } from './stream/read-once.ts';
import { isReadableDescriptor } from './stream/read-parts.ts';
import { type Summary, startSummary } from './summary.ts';
import { findOpenUpload } from './transfer/open-upload.ts';
import { describeBytes } from './transfer/part-size.ts';
import { type UploadResult, upload } from './transfer/upload.ts';

export interface PputOptions {
  readonly store: ObjectStore;
  /** The whole key: no prefix is put before it. */
  readonly key: string;
  readonly source: AsyncIterable<Uint8Array> | DescriptorSource;
  /** What the stream must be; `any` if not given: whole, where it is a ZFS send stream, zstd or gzip. */
  readonly expect?: Expectation;
  /** How closely it is looked at; `full` if not given. */
  readonly inspect?: InspectDepth;
  /** Expected bytes, a hint. */
  readonly estimate?: number;
  readonly partBytes?: number;
  /** Parts in flight. */
  readonly concurrency?: number;
  /** For all part buffers together, in bytes; 256 MiB if not given. */
  readonly maxMemory?: number;
  readonly maxRetries?: number;
  readonly metadata?: Metadata;
  readonly storageClass?: string;
  /** Go on with an upload of the same that was left open; the stream must begin with the same bytes. */
  readonly resume?: boolean;
  /** Upload although another process seems to be uploading to the key. */
  readonly force?: boolean;
  /** Leave the upload open for `resume` when interrupted or when the store stays away. */
  readonly keepOnInterrupt?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly logger?: Logger;
}

export interface PputResult extends UploadResult {
  readonly summary: Summary;
}

/**
 * Stores a stream under a key. An object that is there is replaced once the new one is whole, as the predecessors
 * did; that it was there is logged as a warning.
 */
export async function pput(options: PputOptions): Promise<PputResult> {
  const { store, key, source, onProgress, logger = silentLogger, resume = false, ...given } = options;
  const { expect = 'any', inspect: depth = 'full', ...rest } = given;
  const { metadata = {}, force = false, signal } = options;
  const sumUp = startSummary(store);
  const found = resume && (await findOpenUpload({ store, key, metadata, resume, force, logger, signal }));
  const about = { verb: 'upload', item: key, step: 1, steps: 1, estimate: options.estimate } as const;
  const progress = joinProgress(onProgress, about);
  const result = await upload({
    ...rest,
    store,
    key,
    logger,
    inspect:
      expect === 'none' ? undefined : createStreamInspector({ expect, depth, decoders: streamDecoders }),
    ifExists: 'replace',
    resume: resume ? found || null : undefined,
    source: isDescriptorSource(source)
      ? { fd: source.fd, onBytes: progress.read }
      : meter(source, progress.read),
    meanwhile: async () => {
      const existing = await store.head(key, signal ? { signal } : {});
      if (!existing) return;
      const { bytes, etag, modifiedAt } = existing;
      const what = `${describeBytes(bytes)}, stored ${modifiedAt.toISOString().slice(0, 19)}Z`;
      logger.warn(
        { key, bytes, etag, modifiedAt },
        `${key} exists already (${what}): its object will be replaced`,
      );
    },
    onProgress: progress.stored,
  });
  return { ...result, summary: sumUp([{ ...result, streamBytes: result.storedBytes }]) };
}

/** The bytes of a program, lent; ends only when it exited with 0. */
export function readCommand(argv: readonly string[], signal: AbortSignal): AsyncIterable<Uint8Array> {
  return readProcess(argv, { signal, lend: true });
}

/** The bytes of a stream such as stdin, which is destroyed when the reading ends early. */
export function readStream(stream: Readable, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return readOnce(async function* read(ended) {
    const stop = () => stream.destroy();
    for (const each of [ended, signal]) each.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    } catch (error) {
      signal.throwIfAborted();
      if (!ended.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  });
}

/** An open descriptor as a source. Throws USAGE when it is not open. */
export function openDescriptor(
  fd: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> | DescriptorSource {
  if (isReadableDescriptor(fd)) return { fd };
  try {
    // What Node opened for itself, such as its event loop.
    if ((fstatSync(fd).mode & constants.S_IFMT) === 0) throw new Error('it is no file');
  } catch (cause) {
    throw new Zfs3BackupError('USAGE', `--file-descriptor ${fd}: there is no such open descriptor`, {
      cause,
      advice: `In a shell, \`${fd}< FILE\` opens one.`,
    });
  }
  return readStream(createReadStream('', { fd, highWaterMark: 1024 ** 2 }), signal);
}
