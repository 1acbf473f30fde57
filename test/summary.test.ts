import { expect, it } from 'vitest';
import { startSummary } from '../src/summary.ts';
import { createMemoryStore } from './transfer/memory-store.ts';

it('adds up the steps, and counts the requests since it was started', () => {
  let requests = 5;
  const sumUp = startSummary({ ...createMemoryStore(), requests: () => requests });
  requests += 7;
  const step = { streamBytes: 10, storedBytes: 4, retries: 1 };
  const summary = sumUp([{ ...step, skippedParts: 2, skippedBytes: 3 }, step]);
  expect(summary).toMatchObject({ streamBytes: 20, storedBytes: 8, skippedParts: 2, skippedBytes: 3 });
  expect(summary).toMatchObject({ requests: 7, retries: 2 });
  expect(summary.seconds).toBeGreaterThanOrEqual(0);
});

it('knows of no requests where the store has none, and of nothing where nothing was done', () => {
  expect(startSummary(createMemoryStore())([])).toMatchObject({ streamBytes: 0, requests: undefined });
});
