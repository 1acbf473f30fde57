import { type Fault, type Finding, ok, problem } from './finding.ts';

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
