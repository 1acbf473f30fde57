import { expect, it } from 'vitest';
import { pipeThrough, readProcess, writeProcess } from '../../src/stream/process.ts';
import { runProcess } from '../../src/stream/run-process.ts';
import { childPids, chunksOf, collect, countDescriptors, failingAfter, fixture } from './fixtures.ts';

/** Every way to end, good and bad. */
async function everyWay(signal: AbortSignal): Promise<void> {
  const failure = new Error('the source failed');
  const swallow = () => {};
  await collect(readProcess(['echo', 'x'], { signal }));
  await collect(readProcess([fixture('write-then-exit'), '100000', '3'], { signal })).catch(swallow);
  await collect(readProcess(['no-such-program-here'], { signal })).catch(swallow);
  for await (const _ of readProcess(['yes'], { signal })) break;
  await writeProcess(['cat'], chunksOf('x'), { signal });
  await writeProcess(['cat'], failingAfter(failure, 'x'), { signal }).catch(swallow);
  await writeProcess(['true'], readProcess(['yes'], { signal }), { signal }).catch(swallow);
  await writeProcess(['no-such-program-here'], chunksOf('x'), { signal }).catch(swallow);
  await collect(pipeThrough(['cat'], chunksOf('x'), { signal }));
  await collect(pipeThrough(['false'], readProcess(['yes'], { signal }), { signal })).catch(swallow);
  for await (const _ of pipeThrough(['cat'], readProcess(['yes'], { signal }), { signal })) break;
  await runProcess(['echo', 'x'], { signal });
}

function countListeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

it('leaves no child, descriptor, listener or timer behind', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const { signal } = new AbortController();
  await everyWay(signal);
  const settle = () => new Promise((resolve) => setTimeout(resolve, 50));
  await settle();
  const [descriptors, listeners] = [await countDescriptors(), countListeners()];
  for (let turn = 0; turn < 5; turn++) await everyWay(signal);
  await settle();
  expect(await childPids()).toEqual([]);
  expect(await countDescriptors()).toBeLessThanOrEqual(descriptors);
  expect(countListeners()).toBeLessThanOrEqual(listeners);
  expect(process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap')).toEqual([]);
  expect(warnings).toEqual([]);
  process.off('warning', onWarning);
}, 60_000);
