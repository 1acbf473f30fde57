import type { ProviderName, ProviderProfile } from './providers.ts';

/**
 * Days that an object of a class is billed for at least, by the names that providers give their classes: what is
 * deleted earlier is paid for all the same. From the price lists of AWS, Cloudflare and Google.
 */
export const MIN_BILLED_DAYS: Readonly<Partial<Record<ProviderName, Readonly<Record<string, number>>>>> = {
  aws: { STANDARD_IA: 30, ONEZONE_IA: 30, GLACIER_IR: 90, GLACIER: 90, DEEP_ARCHIVE: 180 },
  r2: { STANDARD_IA: 30 },
  gcs: { NEARLINE: 30, COLDLINE: 90, ARCHIVE: 365 },
};

/** Counted from when an object was stored; 0 where it may go at any time. No class is the standard one. */
export function minBilledDays(
  { name, minBilledDays: always }: Pick<ProviderProfile, 'name' | 'minBilledDays'>,
  storageClass: string | undefined,
): number {
  const classes = MIN_BILLED_DAYS[name] ?? {};
  const own = storageClass !== undefined && Object.hasOwn(classes, storageClass) ? classes[storageClass] : 0;
  return Math.max(always, own ?? 0);
}

/** The table of `docs/providers.md`. */
export function renderStorageClassTable(): string {
  const rows = Object.entries(MIN_BILLED_DAYS).flatMap(([provider, classes]) =>
    Object.entries(classes).map(([name, days]) => `| \`${provider}\` | \`${name}\` | ${days} |`),
  );
  return ['| Provider | Class | Days billed at least |', '| --- | --- | --- |', ...rows].join('\n');
}
