import type { OnProgress } from '../progress.ts';
import type { Terminal } from './io.ts';
import { fitLine, renderProgress, type Sample } from './render-progress.ts';
import type { Screen } from './screen.ts';

export interface ProgressTimes {
  /** Work that is over by then shows nothing, in ms. */
  readonly delay: number;
  /** Between two rewrites on a terminal, in ms. */
  readonly rewrite: number;
  /** Between two lines elsewhere, in ms. */
  readonly line: number;
  /** Between two samples that are kept for the rate, in ms. */
  readonly sample: number;
  /** Over how long the rate is measured, in ms. */
  readonly window: number;
}

const TIMES: ProgressTimes = { delay: 2_000, rewrite: 250, line: 30_000, sample: 100, window: 10_000 };

export interface ProgressDisplay {
  readonly onProgress: OnProgress;
  /** Takes the line away; nothing is shown afterwards. */
  stop(): void;
}

/** On a terminal one line that is rewritten, elsewhere a line every 30 s. */
export function createProgressDisplay(
  screen: Screen,
  terminal: Pick<Terminal, 'interactive' | 'columns'>,
  times: ProgressTimes = TIMES,
): ProgressDisplay {
  let samples: readonly Sample[] = [];
  let latest: Sample | undefined;
  const show = () => {
    const earliest = samples[0];
    if (!latest || !earliest) return;
    const line = renderProgress({ ...latest, at: performance.now() }, earliest);
    if (terminal.interactive) screen.rewrite(fitLine(line, terminal.columns));
    else screen.write(`${line}\n`);
  };
  let timer: NodeJS.Timeout = setTimeout(
    () => {
      show();
      timer = setInterval(show, terminal.interactive ? times.rewrite : times.line);
      timer.unref();
    },
    terminal.interactive ? times.delay : Math.max(times.delay, times.line),
  );
  timer.unref();
  return {
    onProgress(progress) {
      latest = { at: performance.now(), progress };
      const last = samples.at(-1);
      // Some callers tell of each chunk, thousands a second.
      if (last?.progress.item === progress.item && latest.at - last.at < times.sample) return;
      samples = remember(samples, latest, times.window);
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
