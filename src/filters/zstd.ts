import { availableParallelism } from 'node:os';
import type { CCtx, DCtx } from 'zstd-napi/binding.js';
import { Zfs3BackupError } from '../errors.ts';
import { isBytes, notBytesError } from '../stream/is-bytes.ts';
import { reserveSharedMemory } from '../stream/shared-memory.ts';
import { corruptStream, reasonOf } from './corrupt.ts';
import type { Filter } from './filter.ts';

type Binding = typeof import('zstd-napi/binding.js');
/** Loads the native addon. */
export type LoadBinding = () => Promise<Binding>;

const LEVEL = 3;
const WORKERS = Math.min(4, availableParallelism());
/**
 * With at least one worker the compressed bytes do not depend on how many there are. The job size is fixed for
 * the same reason; zstd's own choice, 8 MiB, takes several times the memory and stalls the event loop for longer. What
 * it compresses better is a few thousandths.
 */
const JOB_BYTES = 1024 * 1024;
/** As zstd 1.5 has it: a ring for the input of jobs, a pool for their output, and tables of some MiB for each worker. */
const ENCODER_BYTES = (3 * WORKERS + 6) * JOB_BYTES + WORKERS * 3 * 1024 ** 2;
/** Upon what the compressed bytes depend, besides the input: equal to those of another run only where this is. */
export const ZSTD_IDENTITY = `zstd 1.5.7 level ${LEVEL} job ${JOB_BYTES / 1024 ** 2} MiB`;

const OUTPUT_BYTES = 128 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * zstd by `zstd-napi`: one frame with its checksum on the way out; any number of frames, skippable ones too, on
 * the way in. Under `name` where the metadata says another one for the same format.
 */
export function createZstdFilter(name = 'zstd', load: LoadBinding = importBinding): Filter {
  const encoders = createShelf(createEncoder, endFrame);
  const decoders = createShelf((binding) => new binding.DCtx());
  return {
    name,
    commands: { encode: ['zstd', `-${LEVEL}`], decode: ['zstd', '-d'] },
    memoryBytes: ENCODER_BYTES,
    version: async () => ZSTD_IDENTITY,
    checkEncode: async () => void (await loaded(load)),
    checkDecode: async () => void (await loaded(load)),
    async *encode(source, { signal } = {}) {
      const binding = await loaded(load);
      yield* encoders.use(binding, (context) => encode(binding, context, source, signal));
    },
    async *decode(source, { signal } = {}) {
      const binding = await loaded(load);
      yield* decoders.use(binding, (context) => decode(context, source, signal));
    },
  };
}

/** Decodes into shared memory that is only lent: for who looks at the stream and keeps nothing of it. */
export async function* decodeZstdLent(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const { DCtx } = await loaded(importBinding);
  const shared = Buffer.from(reserveSharedMemory(OUTPUT_BYTES), 0, OUTPUT_BYTES);
  yield* decode(new DCtx(), source, undefined, createOutput({ lend: true, first: shared }));
}

async function* encode(
  { EndDirective }: Binding,
  context: CCtx,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const output = createOutput({ lend: true });
  for await (const chunk of source) {
    signal?.throwIfAborted();
    if (!isBytes(chunk)) throw notBytesError(chunk);
    for (let rest = chunk; rest.byteLength > 0; ) {
      const [, produced, consumed] = context.compressStream2(output.room(), rest, EndDirective.continue);
      rest = rest.subarray(consumed);
      const full = output.add(produced);
      if (full) yield full;
    }
  }
  // Reached only when the source ended well: a frame that is ended is a whole stream.
  for (let left = 1; left > 0; ) {
    const [remaining, produced] = context.compressStream2(output.room(), NOTHING, EndDirective.end);
    left = remaining;
    const full = output.add(produced);
    if (full) yield full;
  }
  const rest = output.rest();
  if (rest) yield rest;
}

async function* decode(
  context: DCtx,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  output = createOutput({ lend: false }),
): AsyncGenerator<Uint8Array, void> {
  /** What zstd expects next: 0 exactly at the end of a frame. */
  let expected = 1;
  for await (const chunk of source) {
    signal?.throwIfAborted();
    if (!isBytes(chunk)) throw notBytesError(chunk);
    // Called again and again without input, zstd takes it for a fault.
    if (chunk.byteLength === 0) continue;
    let rest = chunk;
    for (;;) {
      const room = output.room();
      const step = attempt(() => context.decompressStream(room, rest));
      const [hint, produced, consumed] = step;
      rest = rest.subarray(consumed);
      if (consumed > 0 || produced > 0) expected = hint;
      const full = output.add(produced);
      if (full) yield full;
      // A full output means that more may wait inside, unless the frame ended with it.
      const mayWait = produced === room.byteLength && expected !== 0;
      if (rest.byteLength === 0 && !mayWait) break;
    }
  }
  if (expected !== 0) throw corruptStream('zstd', 'it ends in the middle of a frame');
  const last = output.rest();
  if (last) yield last;
}

/**
 * Contexts that are used again: the garbage collector does not see their threads and their native memory, and lets
 * them pile up, one set for each backup of a run. `abandon` makes one usable that was left in the middle.
 */
function createShelf<T extends CCtx | DCtx>(
  create: (binding: Binding) => T,
  abandon: (binding: Binding, context: T) => void = () => {},
) {
  const idle: T[] = [];
  return {
    async *use(binding: Binding, run: (context: T) => AsyncGenerator<Uint8Array, void>) {
      const context = idle.pop() ?? create(binding);
      let isDone = false;
      try {
        yield* run(context);
        isDone = true;
      } finally {
        if (!isDone) abandon(binding, context);
        context.reset(binding.ResetDirective.sessionOnly);
        idle.push(context);
      }
    },
  };
}

/**
 * Resetting alone is not enough: zstd 1.5.7 keeps a job that still waited for a thread, and the next frame starts it
 * without its data, which ends the process.
 */
function endFrame({ EndDirective }: Binding, context: CCtx): void {
  const waste = Buffer.allocUnsafe(OUTPUT_BYTES);
  for (let left = 1; left > 0; ) [left] = context.compressStream2(waste, NOTHING, EndDirective.end);
}

function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw corruptStream('zstd', reasonOf(error), error);
  }
}

/**
 * Collects output into buffers that are handed on; written again where they are only lent, for else they pile up
 * until they are collected.
 */
function createOutput({
  lend,
  first = Buffer.allocUnsafeSlow(OUTPUT_BYTES),
}: {
  readonly lend: boolean;
  readonly first?: Buffer;
}) {
  let buffer = first;
  let used = 0;
  return {
    room: () => buffer.subarray(used),
    /** The buffer, when these bytes filled it. */
    add(bytes: number): Buffer | undefined {
      used += bytes;
      if (used < buffer.byteLength) return undefined;
      const full = buffer;
      if (!lend) buffer = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
      used = 0;
      return full;
    },
    rest: () => (used > 0 ? buffer.subarray(0, used) : undefined),
  };
}

function createEncoder(binding: Binding): CCtx {
  const { compressionLevel, checksumFlag, nbWorkers, jobSize } = binding.CParameter;
  const context = new binding.CCtx();
  context.setParameter(compressionLevel, LEVEL);
  context.setParameter(checksumFlag, 1);
  context.setParameter(nbWorkers, WORKERS);
  context.setParameter(jobSize, JOB_BYTES);
  return context;
}

async function importBinding(): Promise<Binding> {
  const { default: binding } = await import('zstd-napi/binding.js');
  return binding;
}

async function loaded(load: LoadBinding): Promise<Binding> {
  try {
    return await load();
  } catch (error) {
    throw new Zfs3BackupError('FILTER_UNAVAILABLE', `zstd cannot be used here: ${reasonOf(error)}`, {
      advice:
        'Run `npm rebuild zstd-napi`; without a prebuilt addon for this machine it needs a C++ compiler, make ' +
        'and python3. The other compressors, such as gzip, work without it.',
      cause: error,
    });
  }
}
