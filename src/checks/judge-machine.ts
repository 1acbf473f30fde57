import { type Finding, ok, warning } from './finding.ts';

/** The process itself, beside the buffers of parts: docs/design.md. */
const OWN_BYTES = 140 * 1024 ** 2;
const MIB = 1024 ** 2;

export interface MachineFacts {
  /** Memory that can be had, as the system or the container tells it. */
  readonly availableBytes: number;
  /** MAX_MEMORY */
  readonly budgetBytes: number;
}

export function judgeMachine({ availableBytes, budgetBytes }: MachineFacts): readonly Finding[] {
  const needed = budgetBytes + OWN_BYTES;
  const figures = `${Math.floor(availableBytes / MIB)} MiB of memory are free, a backup takes up to ${Math.ceil(needed / MIB)} MiB`;
  return [
    availableBytes < needed
      ? warning('machine', figures, 'Lower MAX_MEMORY, or end something else.')
      : ok('machine', figures),
  ];
}
