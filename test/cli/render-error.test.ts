import { describe, expect, it } from 'vitest';
import { renderError } from '../../src/cli/render-error.ts';
import { plainStyle } from '../../src/cli/style.ts';
import { ConfigError, ProcessFailedError, Zfs3BackupError } from '../../src/errors.ts';

describe('errors', () => {
  const look = { program: 'zfs3backup', style: plainStyle, debug: false };

  it('say what failed, the last words of the program, and what to do', () => {
    const error = new ProcessFailedError(
      { command: ['zfs', 'send', 'a@b'], exitCode: 1, stderr: 'cannot open\u001b[2J\nsorry\n' },
      { advice: 'Look at `zfs list`.' },
    );
    expect(renderError(error, look)).toBe(
      [
        'zfs3backup: `zfs send a@b` exited with status 1:',
        '    cannot open\\x1b[2J',
        '    sorry',
        '  what to do: Look at `zfs list`.',
        '',
      ].join('\n'),
    );
  });

  it('show a command as a shell would have to be given it', () => {
    const command = ['bash', '-c', 'echo dying >&2; exit 3', 'tank/a b'];
    const error = new ProcessFailedError({ command, exitCode: 3, stderr: '' });
    expect(renderError(error, look)).toBe(
      "zfs3backup: `bash -c 'echo dying >&2; exit 3' 'tank/a b'` exited with status 3 and said nothing\n",
    );
  });

  it('tell every problem of a configuration', () => {
    const problems = [
      { where: 'f:3', message: 'unknown' },
      { where: '--x', message: 'bad' },
    ];
    expect(renderError(new ConfigError(problems), look)).toBe(
      'zfs3backup: f:3: unknown\nzfs3backup: --x: bad\n',
    );
  });

  it('show causes for debugging only', () => {
    const error = new Zfs3BackupError('STORE_FAILED', 'no', {
      cause: new Error('deep', { cause: 'deeper' }),
    });
    expect(renderError(error, look)).toBe('zfs3backup: no\n');
    const text = renderError(error, { ...look, debug: true });
    expect(text).toMatch(/caused by: Error: deep\n/);
    expect(text).toMatch(/caused by: deeper\n$/);
  });

  it('that are bugs come with their stack, what the system refused does not', () => {
    expect(renderError(new TypeError('oops'), look)).toMatch(/this is a bug.*\n.*TypeError: oops\n.*at /);
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
    expect(renderError(full, look)).toBe('zfs3backup: ENOSPC: no space left\n');
  });
});
