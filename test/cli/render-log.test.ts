import { describe, expect, it } from 'vitest';
import { renderLogLine } from '../../src/cli/render-log.ts';
import { plainStyle } from '../../src/cli/style.ts';

describe('a log line', () => {
  const render = (record: object) => renderLogLine(`${JSON.stringify({ time: 0, ...record })}\n`, plainStyle);

  it('is time, level and sentence', () => {
    expect(render({ level: 40, msg: 'slow\u001b', key: 'a b', parts: 3 })).toMatch(
      /^\d\d:\d\d:\d\d warn {2}slow\\x1b\n$/,
    );
  });

  it('has facts behind what is only for debugging, but for those that its sentence tells', () => {
    const facts = { key: 'a b', operation: 'put part', parts: 3 };
    expect(render({ level: 20, msg: 'put part failed', ...facts })).toMatch(
      /debug put part failed key="a b" parts=3\n$/,
    );
  });

  it('that is no JSON stays as it is', () => {
    expect(renderLogLine('plain\n', plainStyle)).toBe('plain\n');
  });
});
