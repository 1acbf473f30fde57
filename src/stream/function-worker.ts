import { Worker } from 'node:worker_threads';

/**
 * Runs `body` in a thread of its own. The function is handed over as its source text, so that no file has to be
 * found again (compiled, bundled, under a test runner): it may use its argument and `process.getBuiltinModule`,
 * and nothing else of the file it stands in. `data` is cloned; shared memory in it stays shared.
 */
export function startFunctionWorker<Data>(body: (data: Data) => void, data: Data): Worker {
  return new Worker(`(${body.toString()})(require('node:worker_threads').workerData)`, {
    eval: true,
    workerData: data,
    // Otherwise Node pipes them through process.stdout, which makes descriptor 1 non-blocking.
    stdout: true,
    stderr: true,
    execArgv: [],
    // A few messages a second: the young generation's default of 3 × 16 MiB would be resident for nothing.
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
  });
}
