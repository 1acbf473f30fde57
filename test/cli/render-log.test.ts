import { describe, expect, it } from 'vitest';
import { renderLogLine } from '../../src/cli/render-log.ts';
import { plainStyle } from '../../src/cli/style.ts';

describe('a log line', () => {
  it('is time, level, message and facts', () => {
    const line = JSON.stringify({ level: 40, time: 0, msg: 'slow\u001b', key: 'a b', parts: 3 });
    expect(renderLogLine(`${line}\n`, plainStyle)).toMatch(
      /^\d\d:\d\d:\d\d warn {2}slow\\x1b key="a b" parts=3\n$/,
    );
  });

  it('that is no JSON stays as it is', () => {
    expect(renderLogLine('plain\n', plainStyle)).toBe('plain\n');
  });
});
