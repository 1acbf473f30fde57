import { Zfs3BackupError } from '../errors.ts';
import { createStreamInspector } from '../inspect/create-stream-inspector.ts';
import { STORED_SO } from '../inspect/inspect-error.ts';
import { inspected } from '../inspect/inspected.ts';
import type { StreamFacts, ZfsStreamFacts } from '../inspect/stream-inspector.ts';
import type { BackupStep } from '../lineage/plan-backup.ts';
import type { InspectOptions } from '../reading/fetch-options.ts';

type Stream = AsyncIterable<Uint8Array>;

/**
 * A stream that is being made: ends only when it is whole, and of the very snapshots that were to be sent. Throws
 * CORRUPT_STREAM or MISMATCH.
 */
export function inspectSent(
  stream: Stream,
  step: BackupStep,
  options: InspectOptions,
  onFacts: (facts: StreamFacts) => void,
): Stream {
  const inspector = inspectorFor(options);
  if (!inspector) return stream;
  return inspected(stream, inspector, (facts) => {
    checkIdentity(facts, step);
    onFacts(facts);
  });
}

/** A stream that was stored and goes back. Throws CORRUPT_STREAM before what is damaged, or the end, is handed on. */
export function inspectStored(stream: Stream, options: InspectOptions): Stream {
  const inspector = inspectorFor(options, STORED_SO);
  return inspector ? inspected(stream, inspector) : stream;
}

function inspectorFor({ source, expect, inspect: depth = 'full' }: InspectOptions, advice?: string) {
  if (expect === 'none' || source.streams !== 'zfs') return undefined;
  return createStreamInspector({ expect: 'zfs', depth, advice });
}

/** `zfs send` names a snapshot when it starts: it may have been renamed, or taken anew, since that was planned. */
function checkIdentity(facts: StreamFacts, { dataset, snapshot, parent }: BackupStep): void {
  if (facts.kind !== 'zfs') return;
  // A package holds other datasets besides, and what lies between parent and snapshot.
  const ours = facts.streams.filter(({ name }) => name.startsWith(`${dataset}@`));
  const first = ours[0] ?? facts.streams[0];
  const last = ours.at(-1) ?? facts.streams[0];
  const isSame =
    last?.name === `${dataset}@${snapshot.name}` &&
    last.guid === snapshot.guid &&
    first?.parentGuid === parent?.guid;
  if (isSame) return;
  const planned = describe(`${dataset}@${snapshot.name}`, snapshot.guid, parent?.guid);
  throw new Zfs3BackupError(
    'MISMATCH',
    `${planned} was to be sent, and the stream is ${describeSent(last)}`,
    {
      advice: 'Somebody renamed it, or took it anew, meanwhile. Nothing was stored; run it again.',
    },
  );
}

function describeSent(sent: ZfsStreamFacts | undefined): string {
  return sent ? describe(sent.name, sent.guid, sent.parentGuid) : 'of nothing';
}

function describe(name: string, guid: string, parentGuid: string | undefined): string {
  return `${name} (guid ${guid}${parentGuid === undefined ? '' : `, on top of ${parentGuid}`})`;
}
