import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Output } from '../steps/output.ts';
import type { CommandIo } from './io.ts';

/**
 * Node's stream for a file takes a short write, as a disk that becomes full makes it, for a whole one. Pipes keep
 * theirs: a write by descriptor that waits for a reader could not be interrupted.
 */
export function stdoutOf({
  stdout,
  stdoutDescriptor: descriptor,
}: Pick<CommandIo, 'stdout' | 'stdoutDescriptor'>): Output {
  if (descriptor === undefined || isatty(descriptor)) return stdout;
  const stats = fstatSync(descriptor);
  return stats.isFIFO() || stats.isSocket() ? stdout : { descriptor };
}
