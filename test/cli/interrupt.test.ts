import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withInterrupt } from '../../src/cli/interrupt.ts';

it.each([
  ['SIGINT', 0],
  ['SIGTERM', 0],
  // A closed connection sends two, and the second one must not cut the cleaning up short.
  ['SIGHUP', 1],
])('%s aborts; %i still listen for a second one', async (name, listening) => {
  const signals = new EventEmitter();
  await withInterrupt(signals, async (signal) => {
    signals.emit(name);
    expect(signal.reason).toMatchObject({ name: 'InterruptedError', signal: name });
    await turn();
    await turn();
    expect(signals.listenerCount(name)).toBe(listening);
  });
  expect(signals.eventNames()).toEqual([]);
});
