import { ProcessFailedError } from '../../errors.ts';
import { readProcess, writeProcess } from '../../stream/process.ts';
import { runProcess } from '../../stream/run-process.ts';
import type { DatasetState, SendStep, SnapshotSource, SourceOptions } from '../source.ts';
import { explainFailure, isMissingDataset } from './explain-failure.ts';
import { parseFeatures, type ZfsFeatures } from './features.ts';
import { isDatasetName } from './names.ts';
import { datasetArguments, parseDataset } from './parse-dataset.ts';
import { parseEstimate } from './parse-estimate.ts';
import { receiveArguments, rollbackArguments } from './receive-arguments.ts';
import { estimateArguments, sendArguments } from './send-arguments.ts';
import { createZfsProgram } from './zfs-program.ts';

export interface ZfsSourceOptions {
  /** The program and what stands before its arguments, such as `['ssh', 'host', 'zfs']`; `['zfs']` by default. */
  readonly program?: readonly string[];
}

/** What to expect of a ZFS that was not asked yet: all that is current. */
const CURRENT = { unmountedReceive: true };

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
    const { estimates } = await readFeatures(options);
    if (!isDatasetName(dataset)) return undefined;
    try {
      return parseDataset(await run(datasetArguments(dataset, estimates), options), dataset);
    } catch (error) {
      if (isMissingDataset(error)) return undefined;
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

  async function* send(step: SendStep, options: SourceOptions = {}): AsyncGenerator<Uint8Array> {
    try {
      yield* readProcess(zfs(sendArguments(step)), options);
    } catch (error) {
      throw explainFailure(error);
    }
  }

  return {
    readDataset,
    estimate,
    send,
    async receive(step, stream, options = {}) {
      const features = await readFeatures(options);
      const rollback = rollbackArguments(step, features);
      if (rollback) await run(rollback, options);
      const argv = zfs(receiveArguments(step, features));
      try {
        await writeProcess(argv, stream, options);
      } catch (error) {
        // a program that makes the stream, such as a decompressor, has failed for reasons of its own
        const ours = error instanceof ProcessFailedError && error.command === argv;
        throw ours ? explainFailure(error, step) : error;
      }
    },
    sendCommand: (step) => zfs(sendArguments(step)),
    receiveCommands(step) {
      const rollback = rollbackArguments(step, known ?? CURRENT);
      return [...(rollback ? [rollback] : []), receiveArguments(step, known ?? CURRENT)].map(zfs);
    },
  };
}
