import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHider, createLogger } from '../../src/cli/logging.ts';
import { createProgressDisplay, type ProgressForm, remember } from '../../src/cli/progress-display.ts';
import { renderSummaryEvent } from '../../src/cli/progress-event.ts';
import { fitLine, renderProgress } from '../../src/cli/render-progress.ts';
import { renderSummary } from '../../src/cli/render-summary.ts';
import { createScreen } from '../../src/cli/screen.ts';
import { plainStyle } from '../../src/cli/style.ts';
import type { Progress } from '../../src/progress.ts';
import type { Summary } from '../../src/summary.ts';
import { checkFields } from './check-fields.ts';
import { readTables } from './docs-tables.ts';

const MIB = 1024 ** 2;
const ERASE_LINE = '\r\u001b[2K';
const start: Progress = {
  verb: 'backup',
  item: 'tank/a@s1',
  step: 2,
  steps: 5,
  storedBytes: 0,
  streamBytes: 0,
  skippedBytes: 0,
  estimate: 1000 * MIB,
  partsInFlight: 0,
  retries: 0,
};
const later = { ...start, storedBytes: 40 * MIB, streamBytes: 100 * MIB, partsInFlight: 4, retries: 1 };

describe('a progress line', () => {
  it('has bytes, percent, rate, time left, parts and retries', () => {
    expect(renderProgress({ at: 2000, progress: later }, { at: 0, progress: start })).toBe(
      'backup tank/a@s1  2/5  100 MiB (40.0 MiB stored)  10%  50.0 MiB/s  18 s left  4 parts in flight  1 retry',
    );
  });

  it('claims neither 100 % nor a time without an estimate that holds', () => {
    const over = { ...later, streamBytes: 2000 * MIB };
    expect(renderProgress({ at: 1000, progress: over }, { at: 0, progress: start })).toMatch(
      / 99% (?!.*left)/,
    );
    const unknown = { ...later, estimate: undefined };
    expect(renderProgress({ at: 1000, progress: unknown }, { at: 0, progress: start })).not.toMatch(/%|left/);
    expect(renderProgress({ at: 0, progress: later }, { at: 0, progress: later })).not.toMatch(
      /NaN|Infinity/,
    );
  });

  it('tells what an earlier run had stored', () => {
    const progress = { ...later, skippedBytes: 32 * MIB };
    expect(renderProgress({ at: 1, progress }, { at: 0, progress: start })).toMatch(
      / {2}32\.0 MiB there already$/,
    );
  });

  it('stays one line', () => {
    expect(fitLine('abcdef', 5)).toBe('abc…');
    expect(fitLine('abcd', 5)).toBe('abcd');
  });

  it('measures its rate over the last seconds of one item', () => {
    const sample = (at: number, item = 'x') => ({ at, progress: { ...start, item } });
    const kept = [sample(0), sample(4000), sample(9000)];
    expect(remember(kept, sample(12_000), 5000).map(({ at }) => at)).toEqual([4000, 9000, 12_000]);
    expect(remember(kept, sample(90_000), 5000).map(({ at }) => at)).toEqual([9000, 90_000]);
    expect(remember(kept, sample(9500, 'y'), 5000).map(({ at }) => at)).toEqual([9500]);
  });
});

function open(interactive: boolean, form?: ProgressForm) {
  const stream = new PassThrough();
  const read = () => String(stream.read() ?? '');
  const screen = createScreen(stream);
  const display = createProgressDisplay(screen, { interactive, columns: 200 }, form);
  return { read, screen, display };
}

describe('the progress display', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('says nothing about what is over within two seconds', () => {
    const { read, display } = open(true);
    display.onProgress(later);
    vi.advanceTimersByTime(1900);
    display.stop();
    vi.advanceTimersByTime(10_000);
    expect(read()).toBe('');
  });

  it('rewrites one line on a terminal, and takes it away', () => {
    const { read, screen, display } = open(true);
    display.onProgress(start);
    vi.advanceTimersByTime(2000);
    expect(read()).toMatch(/^backup tank\/a@s1[^\n]*$/);
    screen.write('a log line\n');
    expect(read().replace(ERASE_LINE, '<erase>')).toMatch(/^<erase>a log line\nbackup [^\n]*$/);
    display.stop();
    expect(read()).toBe(ERASE_LINE);
  });

  it('shows the latest of thousands of reports, and their rate', () => {
    const { read, display } = open(true);
    for (let at = 0; at <= 2000; at++) {
      display.onProgress({ ...later, streamBytes: at * MIB });
      if (at < 2000) vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(250);
    expect(read()).toMatch(/2\.0 GiB.* [89]\d\d MiB\/s/);
    display.stop();
  });

  it('writes a line every 30 s elsewhere', () => {
    const { read, display } = open(false);
    display.onProgress(later);
    vi.advanceTimersByTime(29_000);
    expect(read()).toBe('');
    vi.advanceTimersByTime(62_000);
    expect(read()).toMatch(/^(backup [^\n]*\n){3}$/);
    display.stop();
  });
});

describe('progress at an interval', () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-01-31T01:02:03Z') }));
  afterEach(() => void vi.useRealTimers());

  it('has a line as often as asked for', () => {
    const { read, display } = open(false, { format: 'text', interval: 5 });
    display.onProgress(later);
    vi.advanceTimersByTime(16_000);
    expect(read()).toMatch(/^(backup [^\n]*\n){3}$/);
    display.stop();
  });

  it.each([true, false])('has events for programs, on a terminal (%s) too, each second', (interactive) => {
    const { read, display } = open(interactive, { format: 'json' });
    display.onProgress(start);
    vi.advanceTimersByTime(1000);
    display.onProgress(later);
    vi.advanceTimersByTime(3000);
    display.stop();
    vi.advanceTimersByTime(5000);
    const events = read()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(events).toHaveLength(3);
    expect(events[0]).toEqual({
      ...{ event: 'progress', time: '2026-01-31T01:02:05.000Z', verb: 'backup', item: 'tank/a@s1' },
      ...{ step: 2, steps: 5, streamBytes: 100 * MIB, storedBytes: 40 * MIB, skippedBytes: 0 },
      ...{ estimate: 1000 * MIB, bytesPerSecond: 50 * MIB, seconds: 2, secondsLeft: 18 },
      ...{ partsInFlight: 4, retries: 1 },
    });
    const table = readTables('json.md').find(({ title }) => title.startsWith('A `progress` event'));
    for (const event of events) checkFields(event, table);
  });

  it('says null for what nothing tells, and counts from nothing', () => {
    const { read, display } = open(false, { format: 'json', interval: 10 });
    display.onProgress({ ...later, estimate: undefined });
    vi.advanceTimersByTime(10_000);
    display.stop();
    expect(JSON.parse(read())).toMatchObject({
      ...{ estimate: null, secondsLeft: null, bytesPerSecond: 10 * MIB },
    });
  });
});

describe('a summary', () => {
  const summary: Summary = {
    ...{ streamBytes: 1200 * MIB, storedBytes: 400 * MIB, skippedParts: 5, skippedBytes: 80 * MIB },
    ...{ seconds: 12, requests: 31, retries: 1 },
  };

  it('has bytes, ratio, time, rate, requests, retries and what was spared', () => {
    expect(renderSummary('tank/a', summary)).toBe(
      'tank/a: 1.2 GiB, 400 MiB stored (ratio 3.00), 12 s at 100 MiB/s, 31 requests, 1 retry, 5 parts (80.0 MiB) stored by an earlier run',
    );
  });

  it('leaves out what there is not', () => {
    const plain = { ...summary, storedBytes: summary.streamBytes, requests: undefined, retries: 0 };
    expect(renderSummary('k\n', { ...plain, skippedParts: 0, skippedBytes: 0 })).toBe(
      'k\\n: 1.2 GiB, 12 s at 100 MiB/s, 0 retries',
    );
    expect(renderSummary('k', { ...plain, streamBytes: 0, storedBytes: 0, seconds: 0 })).not.toMatch(
      /NaN|Infinity/,
    );
  });

  it('is an event for programs', () => {
    const time = new Date('2026-01-31T01:02:03Z');
    const event = JSON.parse(renderSummaryEvent({ verb: 'backup', item: 'tank/a' }, summary, time));
    checkFields(
      event,
      readTables('json.md').find(({ title }) => title.startsWith('A `summary` event')),
    );
    expect(event).toMatchObject({ event: 'summary', item: 'tank/a', ratio: 3, bytesPerSecond: 100 * MIB });
  });
});

describe('the log', () => {
  function openLog(format: 'pretty' | 'json') {
    const stream = new PassThrough();
    const secrets = ['S3CRET/+"'];
    const logger = createLogger(createScreen(stream), { level: 'debug', format, secrets, style: plainStyle });
    return { logger, read: () => String(stream.read() ?? '') };
  }

  it('is JSON for programs', () => {
    const { logger, read } = openLog('json');
    logger.info({ key: 'k' }, 'stored');
    expect(JSON.parse(read())).toMatchObject({ level: 30, key: 'k', msg: 'stored' });
    logger.trace({}, 'not at this level');
    expect(read()).toBe('');
  });

  it.each(['pretty', 'json'] as const)('never shows a secret (%s)', (format) => {
    const { logger, read } = openLog(format);
    logger.warn({ credentials: { secretAccessKey: 'other' }, url: 'S3CRET/+"' }, 'with S3CRET/+" in it');
    const text = read();
    expect(text).not.toMatch(/S3CRET|other/);
    expect(text).toMatch(/\[secret\]/);
  });

  it('hides a secret as a URL has it', () => {
    expect(createHider(['a/b+'])('x=a%2Fb%2B')).toBe('x=[secret]');
  });
});
