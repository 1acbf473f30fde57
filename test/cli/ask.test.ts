import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { askYes, canAsk } from '../../src/cli/ask.ts';

const open = () => new AbortController().signal;

function terminal(typed: string) {
  const stdin = Object.assign(Readable.from([typed]), { isTTY: true });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  return { stdin, stderr };
}

describe('asking', () => {
  it.each([
    ['y\n', true],
    ['Yes\r\n', true],
    [' y \n', true],
    ['y', true],
    ['\n', false],
    ['n\n', false],
    ['yep\n', false],
    ['', false],
    ['no\ny\n', false],
  ])('takes %j for %j', async (typed, consent) => {
    expect(await askYes({ io: terminal(typed), signal: open() }, 'Delete it?')).toBe(consent);
  });

  it('shows the question, in which no name can move the cursor', async () => {
    const io = terminal('n\n');
    await askYes({ io, signal: open() }, 'Delete \u001b[2Jit?');
    expect(String(io.stderr.read())).toBe('Delete \\x1b[2Jit? [y/N] ');
  });

  it('ends with the signal, also before anything was typed', async () => {
    const stop = new AbortController();
    const io = { ...terminal(''), stdin: Object.assign(new PassThrough(), { isTTY: true }) };
    const asked = askYes({ io, signal: stop.signal }, 'Delete it?');
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });

  it('needs a terminal on both sides', () => {
    const { stdin, stderr } = terminal('');
    expect(canAsk({ stdin, stderr })).toBe(true);
    expect(canAsk({ stdin: new PassThrough(), stderr })).toBe(false);
    expect(canAsk({ stdin, stderr: new PassThrough() })).toBe(false);
  });
});
