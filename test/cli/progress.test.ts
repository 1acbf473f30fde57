import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHider, createLogger } from '../../src/cli/logging.ts';
import { createProgressDisplay, remember } from '../../src/cli/progress-display.ts';
import { fitLine, renderProgress } from '../../src/cli/render-progress.ts';
import { createScreen } from '../../src/cli/screen.ts';
import { plainStyle } from '../../src/cli/style.ts';
import type { Progress } from '../../src/progress.ts';

const MIB = 1024 ** 2;
const ERASE_LINE = '\r\u001b[2K';
const start: Progress = {
  verb: 'backup',
  item: 'tank/a@s1',
  step: 2,
  steps: 5,
  storedBytes: 0,
  streamBytes: 0,
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

function open(interactive: boolean) {
  const stream = new PassThrough();
  const read = () => String(stream.read() ?? '');
  const screen = createScreen(stream);
  const display = createProgressDisplay(screen, { interactive, columns: 200 });
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
