import type { OnProgress } from '../progress.ts';
import type { Terminal } from './io.ts';
import { renderProgressEvent } from './progress-event.ts';
import { fitLine, renderProgress, type Sample } from './render-progress.ts';
import type { Screen } from './screen.ts';

/** Work that is over by then shows nothing. */
const DELAY_MS = 2_000;
/** Between two rewrites on a terminal. */
const REWRITE_MS = 250;
/** Between two lines elsewhere, by who reads them. */
const LINE_MS = { text: 30_000, json: 1_000 };
/** Between two samples that are kept for the rate. */
const SAMPLE_MS = 100;
/** Over how long the rate is measured. */
const WINDOW_MS = 10_000;

export interface ProgressForm {
  readonly format: 'text' | 'json';
  /** Between two lines, in seconds; `undefined`: as it suits their readers. */
  readonly interval?: number | undefined;
}

export interface ProgressDisplay {
  readonly onProgress: OnProgress;
  /** Takes the line away; nothing is shown afterwards. */
  stop(): void;
}

/** On a terminal one line that is rewritten; elsewhere, and for programs, a line at each interval. */
export function createProgressDisplay(
  screen: Screen,
  terminal: Pick<Terminal, 'interactive' | 'columns'>,
  { format, interval }: ProgressForm = { format: 'text' },
): ProgressDisplay {
  const isRewritten = terminal.interactive && format === 'text';
  let samples: readonly Sample[] = [];
  let first: Sample | undefined;
  let latest: Sample | undefined;
  const show = () => {
    const earliest = samples[0];
    if (!latest || !first || !earliest) return;
    const at = performance.now();
    const now = { ...latest, at };
    if (isRewritten) screen.rewrite(fitLine(renderProgress(now, earliest), terminal.columns));
    else if (format === 'text') screen.write(`${renderProgress(now, earliest)}\n`);
    else {
      const seconds = (at - first.at) / 1000;
      screen.write(renderProgressEvent(now, earliest, { time: new Date(), seconds }));
    }
  };
  const lineMs = interval === undefined ? LINE_MS[format] : interval * 1000;
  const between = isRewritten ? REWRITE_MS : lineMs;
  let timer: NodeJS.Timeout = setTimeout(
    () => {
      show();
      timer = setInterval(show, between);
      timer.unref();
    },
    Math.max(DELAY_MS, between),
  );
  timer.unref();
  return {
    onProgress(progress) {
      latest = { at: performance.now(), progress };
      if (first?.progress.item !== progress.item) {
        // What is told first may be a lot already.
        first = { at: latest.at, progress: { ...progress, streamBytes: 0 } };
        samples = [first];
        return;
      }
      const last = samples.at(-1);
      // Some callers tell of each chunk, thousands a second.
      if (last?.progress.item === progress.item && latest.at - last.at < SAMPLE_MS) return;
      samples = remember(samples, latest, WINDOW_MS);
    },
    stop() {
      clearTimeout(timer);
      clearInterval(timer);
      screen.clear();
    },
  };
}

/** Keeps one sample older than the window, and those inside it; another item starts afresh. */
export function remember(samples: readonly Sample[], next: Sample, window: number): readonly Sample[] {
  const same = samples.filter(({ progress }) => progress.item === next.progress.item);
  const firstInside = same.findIndex(({ at }) => next.at - at <= window);
  const kept = firstInside < 0 ? same.slice(-1) : same.slice(Math.max(0, firstInside - 1));
  return [...kept, next];
}
