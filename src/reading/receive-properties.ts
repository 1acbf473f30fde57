import { Zfs3BackupError } from '../errors.ts';

/** What ZFS and people call properties: `mountpoint`, `userquota@someone`, `org:note`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:@+-]*$/;

/** Fails with USAGE for what could be taken for an option, or for another word of the command line. */
export function checkProperties({
  properties = [],
  withoutProperties = [],
}: {
  readonly properties?: readonly string[];
  readonly withoutProperties?: readonly string[];
}): void {
  const problem = [
    ...properties.map((property) => ({ property, why: whyNotSet(property) })),
    ...withoutProperties.map((property) => ({ property, why: whyNotName(property) })),
  ].find(({ why }) => why !== undefined);
  if (!problem) return;
  throw new Zfs3BackupError('USAGE', `${JSON.stringify(problem.property)} ${problem.why}`);
}

/** Why it is not `NAME=VALUE`. */
export function whyNotSet(property: string): string | undefined {
  const at = property.indexOf('=');
  if (at < 0) return 'is not PROPERTY=VALUE';
  if (/\p{Cc}/u.test(property)) return 'has a control character';
  return whyNotName(property.slice(0, at));
}

/** Why it is no name of a property. */
export function whyNotName(property: string): string | undefined {
  return NAME.test(property) ? undefined : 'does not name a property';
}
