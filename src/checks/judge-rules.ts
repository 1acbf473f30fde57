import type { LifecycleRule, StoreFacts } from '../store/store-facts.ts';
import { type Finding, note, ok, warning } from './finding.ts';

/** An upload that is gone on with on the next nights must not be dropped before. */
const FEW_DAYS = 3;
const COLD = /GLACIER|DEEP_ARCHIVE|ARCHIVE/;

/** What the bucket does with backups by itself. */
export function judgeRules(facts: StoreFacts, prefix: string): readonly Finding[] {
  // A folder has no such rules.
  if (facts.credentials === undefined) return [];
  return [...judgeVersioning(facts), ...judgeLifecycle(facts, prefix), ...judgeLock(facts)];
}

function judgeVersioning({ versioning }: StoreFacts): readonly Finding[] {
  switch (versioning) {
    case 'on':
      return [ok('bucket', 'versions are kept: what is overwritten or deleted can be brought back')];
    case undefined:
      return [note('bucket', 'whether versions are kept cannot be read', 'Allow s3:GetBucketVersioning.')];
    default: {
      const what = `versions are not kept${versioning === 'suspended' ? ' any more' : ''}: what is deleted is gone`;
      return [note('bucket', what, 'docs/security.md says what versions and Object Lock protect from.')];
    }
  }
}

function judgeLifecycle({ lifecycle }: StoreFacts, prefix: string): readonly Finding[] {
  if (lifecycle === undefined) {
    return [note('bucket', 'its lifecycle rules cannot be read', 'Allow s3:GetLifecycleConfiguration.')];
  }
  const ours = lifecycle.filter((rule) => prefix.startsWith(rule.prefix) || rule.prefix.startsWith(prefix));
  return [...ours.flatMap(judgeRule), ...judgeOpenUploads(ours)];
}

function judgeRule(rule: LifecycleRule): readonly Finding[] {
  const which = `${rule.partial ? 'some ' : ''}objects ${rule.prefix === '' ? 'of the bucket' : `below ${rule.prefix}`}`;
  const findings: Finding[] = [];
  if (rule.expiresAfterDays !== undefined) {
    const after = rule.expiresAfterDays === 0 ? 'on a fixed date' : `after ${rule.expiresAfterDays} days`;
    const what = `a rule of the bucket deletes ${which} ${after}, also those that newer backups build on`;
    findings.push(warning('bucket', what, 'Take the rule away and let `zfs3backup prune` delete.'));
  }
  if (rule.movesTo && COLD.test(rule.movesTo.storageClass)) {
    const { storageClass, days } = rule.movesTo;
    const what = `a rule of the bucket moves ${which} to ${storageClass} after ${days} days`;
    findings.push(note('bucket', what, 'A restore has to thaw them first: `restore --thaw`.'));
  }
  return findings;
}

function judgeOpenUploads(rules: readonly LifecycleRule[]): readonly Finding[] {
  const days = rules.flatMap(({ dropsUploadsAfterDays }) => dropsUploadsAfterDays ?? []);
  if (days.length === 0) {
    const what = 'no rule of the bucket drops uploads that nobody goes on with';
    return [note('bucket', what, 'Run `zfs3backup cleanup` now and then, or add such a rule, of 7 days.')];
  }
  const fewest = Math.min(...days);
  if (fewest < FEW_DAYS) {
    const what = `a rule of the bucket drops uploads after ${fewest} ${fewest === 1 ? 'day' : 'days'}, also those that are under way`;
    return [warning('bucket', what, 'Give it 7 days.')];
  }
  return [ok('bucket', `open uploads are dropped after ${fewest} days`)];
}

function judgeLock({ objectLock }: StoreFacts): readonly Finding[] {
  if (objectLock === undefined || objectLock === 'off') return [];
  const { mode, days } = objectLock;
  const what =
    mode === undefined
      ? 'it has Object Lock, and locks only what asks for it'
      : `Object Lock keeps each object for ${days} days (${mode})`;
  return [ok('bucket', what)];
}
