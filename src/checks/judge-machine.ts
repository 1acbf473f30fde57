import { type Fault, type Finding, ok, problem, warning } from './finding.ts';

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

/** One way in which streams are transformed, and what came of trying it. */
export interface FilterFacts {
  /** Such as `zstd (1.5.7), then age`. */
  readonly name: string;
  readonly fault?: Fault | undefined;
  /** What was encoded came back equal; `undefined` where it cannot be decoded here. */
  readonly cameBack?: boolean | undefined;
}

export function judgeFilter({ name, fault, cameBack }: FilterFacts): Finding {
  if (fault) return problem('filters', fault);
  if (cameBack === undefined) return ok('filters', `${name} encrypts; the key that decrypts is not here`);
  if (cameBack) return ok('filters', `${name} encodes, and decodes to the same`);
  const message = `${name} does not give back what it was given`;
  const advice = 'Correct its compress= and decompress= (or encode= and decode=) lines.';
  return problem('filters', { code: 'CORRUPT_STREAM', message, advice });
}
