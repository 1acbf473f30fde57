import { ProcessFailedError } from '../../errors.ts';
import type { Hold } from '../../lineage/marks.ts';
import { readProcess, writeProcess } from '../../stream/process.ts';
import { runProcess } from '../../stream/run-process.ts';
import { NotContinuableError } from '../not-continuable.ts';
import type { DatasetState, MarkStep, SendStep, SnapshotSource, SourceOptions } from '../source.ts';
import { describeZfs } from './describe-zfs.ts';
import { destroyArguments } from './destroy-arguments.ts';
import { explainFailure, isMissingDataset } from './explain-failure.ts';
import { parseFeatures, type ZfsFeatures } from './features.ts';
import { isMarkedAlready, markArguments } from './mark-arguments.ts';
import { isDatasetName } from './names.ts';
import { datasetArguments, parseDataset } from './parse-dataset.ts';
import { parseEstimate } from './parse-estimate.ts';
import { holdsArguments, parseHolds } from './parse-holds.ts';
import {
  dropPartialArguments,
  guidArguments,
  receiveArguments,
  rollbackArguments,
} from './receive-arguments.ts';
import { resumeStream } from './resume-stream.ts';
import { decodeResumeToken } from './resume-token.ts';
import { estimateArguments, sendArguments } from './send-arguments.ts';
import { createZfsProgram } from './zfs-program.ts';

export interface ZfsSourceOptions {
  /** The program and what stands before its arguments, such as `['ssh', 'host', 'zfs']`; `['zfs']` by default. */
  readonly program?: readonly string[];
}

/** More names might not fit on a command line. */
const HELD_AT_ONCE = 1000;

/** What to expect of a ZFS that was not asked yet: all that is current. */
const CURRENT = { unmountedReceive: true, resumableReceive: true, receiveProperties: true };

/** Snapshots of ZFS: OpenZFS 2.x, and the old zfs-fuse with what it lacks left out. */
export function createZfsSource({ program = ['zfs'] }: ZfsSourceOptions = {}): SnapshotSource {
  const zfs = createZfsProgram(program);
  let known: ZfsFeatures | undefined;

  async function run(args: readonly string[], options: SourceOptions): Promise<string> {
    try {
      return (await runProcess(zfs(args), options)).stdout;
    } catch (error) {
      throw explainFailure(error);
    }
  }

  /** Asked once, by the first call that needs to know; a failure is not remembered. */
  async function readFeatures(options: SourceOptions): Promise<ZfsFeatures> {
    known ??= parseFeatures(await run(['-?'], options));
    return known;
  }

  async function readDataset(
    dataset: string,
    options: SourceOptions = {},
  ): Promise<DatasetState | undefined> {
    const features = await readFeatures(options);
    if (!isDatasetName(dataset)) return undefined;
    try {
      const output = await run(datasetArguments(dataset, features), options);
      const { bookmarks, held, partial, ...state } = parseDataset(output, dataset);
      const holds = await readHolds(dataset, held, options);
      const can = { canBookmark: features.bookmarks, canHold: features.holds };
      return { ...state, marks: { ...can, bookmarks, holds }, ...(partial ? { partial } : {}) };
    } catch (error) {
      if (isMissingDataset(error)) return undefined;
      throw error;
    }
  }

  /** Who holds what is held: a further process only where somebody does. */
  async function readHolds(dataset: string, held: readonly string[], options: SourceOptions) {
    const holds: Hold[] = [];
    for (let at = 0; at < held.length; at += HELD_AT_ONCE) {
      const names = held.slice(at, at + HELD_AT_ONCE);
      try {
        holds.push(...parseHolds(await run(holdsArguments(dataset, names), options), dataset));
      } catch (error) {
        // a snapshot that went away since: the next reading tells the rest
        if (!(error instanceof ProcessFailedError) || options.signal?.aborted) throw error;
      }
    }
    return holds;
  }

  async function mark(step: MarkStep, options: SourceOptions = {}): Promise<void> {
    try {
      await run(markArguments(step), options);
    } catch (error) {
      if (error instanceof ProcessFailedError && isMarkedAlready(step, error.stderr)) return;
      throw error;
    }
  }

  async function estimate(step: SendStep, options: SourceOptions = {}): Promise<number | undefined> {
    const { estimates } = await readFeatures(options);
    if (!estimates) return undefined;
    try {
      return parseEstimate(await run(estimateArguments(step), options));
    } catch (error) {
      // the send itself will say what is wrong, in better words than its rehearsal
      if (error instanceof ProcessFailedError && !options.signal?.aborted) return undefined;
      throw error;
    }
  }

  async function destroy(dataset: string, options: SourceOptions = {}): Promise<void> {
    try {
      await run(destroyArguments(dataset), options);
    } catch (error) {
      if (!isMissingDataset(error)) throw error;
    }
  }

  async function readGuid(dataset: string, snapshot: string, options: SourceOptions = {}) {
    try {
      return (await run(guidArguments(dataset, snapshot), options)).trim();
    } catch (error) {
      if (isMissingDataset(error)) return undefined;
      throw error;
    }
  }

  async function* send(step: SendStep, options: SourceOptions = {}): AsyncGenerator<Uint8Array> {
    try {
      yield* readProcess(zfs(sendArguments(step)), { ...options, lend: true });
    } catch (error) {
      throw explainFailure(error);
    }
  }

  return {
    streams: 'zfs',
    readDataset,
    estimate,
    send,
    async receive(step, stream, options = {}) {
      const features = await readFeatures(options);
      const rollback = rollbackArguments(step, features);
      if (rollback) await run(rollback, options);
      const argv = zfs(receiveArguments(step, features));
      try {
        await writeProcess(argv, step.continues ? restOf(stream, step.continues.token) : stream, options);
      } catch (error) {
        // a program that makes the stream, such as a decompressor, has failed for reasons of its own
        const ours = error instanceof ProcessFailedError && error.command === argv;
        throw ours ? explainFailure(error, step) : error;
      }
    },
    dropPartial: async (dataset, options = {}) => {
      await run(dropPartialArguments(dataset), options);
    },
    dropPartialCommand: (dataset) => zfs(dropPartialArguments(dataset)),
    restOf,
    readGuid,
    destroy,
    mark,
    describe: async (datasets, options = {}) =>
      describeZfs(run, await readFeatures(options), datasets, options),
    markCommand: (step) => zfs(markArguments(step)),
    sendCommand: (step) => zfs(sendArguments(step)),
    receiveCommands(step) {
      const rollback = rollbackArguments(step, known ?? CURRENT);
      return [...(rollback ? [rollback] : []), receiveArguments(step, known ?? CURRENT)].map(zfs);
    },
  };
}

function restOf(stream: AsyncIterable<Uint8Array>, token: string): AsyncIterable<Uint8Array> {
  const point = decodeResumeToken(token);
  if (!point) throw new NotContinuableError('its token is of a kind that is not known');
  return resumeStream(stream, point);
}
