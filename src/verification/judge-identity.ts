import type { StreamFacts } from '../inspect/stream-inspector.ts';
import type { Finding } from '../lineage/verdicts.ts';

/** What is said of a backup elsewhere: by its metadata, its record, and its parent. */
export interface SaidIdentity {
  readonly snapshot: string;
  readonly kind: 'full' | 'incremental';
  readonly guid: string | undefined;
  readonly parentGuid: string | undefined;
  /** The backup that it builds on, and the guid that was found in that one's own stream. */
  readonly parent: { readonly name: string; readonly guid: string | undefined } | undefined;
}

export interface IdentityJudgement {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** Of the snapshot that the stream holds. */
  readonly guid: string | undefined;
}

/** Compares what a stream says of itself with what is said of it. */
export function judgeIdentity(facts: StreamFacts, said: SaidIdentity): IdentityJudgement {
  if (facts.kind !== 'zfs') return { findings: [], notes: [], guid: undefined };
  // A package is of a dataset first, then of those below it; each dataset's streams are in order.
  const dataset = datasetOf(facts.streams[0]?.name);
  const own = facts.streams.filter(({ name }) => datasetOf(name) === dataset);
  const first = own[0];
  const last = own.at(-1);
  if (first === undefined || last === undefined) return { findings: [], notes: [], guid: undefined };
  const messages = [ownGuid(last, said), ownKind(first.parentGuid, said), parentOf(first.parentGuid, said)];
  const called = last.name.slice(last.name.indexOf('@') + 1);
  const isRenamed = said.guid === undefined && called !== said.snapshot;
  return {
    findings: messages
      .filter((message) => message !== undefined)
      .map((message) => ({ kind: 'identity', message })),
    notes: isRenamed ? [`its stream is of a snapshot that was called ${last.name}`] : [],
    guid: last.guid,
  };
}

function datasetOf(name: string | undefined): string | undefined {
  return name?.slice(0, Math.max(0, name.indexOf('@')));
}

function ownGuid(last: { readonly name: string; readonly guid: string }, { guid }: SaidIdentity) {
  if (guid === undefined || guid === last.guid) return undefined;
  return `it holds ${last.name} with the guid ${last.guid}, and the snapshot that was backed up has ${guid}`;
}

function ownKind(parentGuid: string | undefined, { kind }: SaidIdentity) {
  if (kind === 'full' && parentGuid !== undefined)
    return `it is said to be full, and its stream builds on the snapshot with the guid ${parentGuid}`;
  if (kind === 'incremental' && parentGuid === undefined)
    return 'it is said to be incremental, and its stream is a full one';
  return undefined;
}

function parentOf(found: string | undefined, { kind, parentGuid, parent }: SaidIdentity) {
  if (kind === 'full' || found === undefined) return undefined;
  if (parentGuid !== undefined && parentGuid !== found)
    return `its stream builds on the snapshot with the guid ${found}, and was to build on ${parentGuid}`;
  if (parent?.guid !== undefined && parent.guid !== found)
    return `its stream builds on the snapshot with the guid ${found}, and ${parent.name} is the one with ${parent.guid}`;
  return undefined;
}
