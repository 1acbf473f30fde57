import type { Finding } from '../../src/checks/finding.ts';

/** A finding on one line: `problem zfs: no such dataset`, and ` > what to do`. */
export function say(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ area, verdict, what, todo }) => `${verdict} ${area}: ${what}${todo ? ` > ${todo}` : ''}`,
  );
}

/** Those that are more than `ok`. */
export function complaints(findings: readonly Finding[]): string[] {
  return say(findings.filter(({ verdict }) => verdict !== 'ok'));
}
