import pLimit from 'p-limit';
import type { FilterRegistry } from '../filters/registry.ts';
import type { LineageEntry } from '../lineage/backup.ts';
import { judgeListing } from '../lineage/judge-listing.ts';
import type { VerifyItem, VerifyLevel, VerifyPlan } from '../lineage/plan-verify.ts';
import { parseRecordKey } from '../lineage/record-key.ts';
import { type Finding, giveVerdicts, type Judged, type Looked } from '../lineage/verdicts.ts';
import type { Logger } from '../logger.ts';
import { joinProgress, type OnProgress } from '../progress.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { judgeIdentity } from './judge-identity.ts';
import { type BodyReport, verifyBody } from './verify-body.ts';
import type { Receiver } from './verify-receive.ts';

/** Objects up to this size are read several at a time: there it is the waiting that takes the time. */
const SMALL_BYTES = 4 * 1024 ** 2;
const SMALL_AT_ONCE = 4;

/** Each has been retried for minutes: after so many in a row the rest is left, and what was found is told. */
const SILENCES = 3;

const NOT_SEEN: Seen = {
  body: {
    ...{ findings: [], notes: [], facts: undefined, record: undefined, isRead: false },
    notVerified: {
      code: 'STORE_UNREACHABLE',
      message: `not looked at, for the store did not answer for ${SILENCES} backups before it`,
    },
  },
  ...{ level: 1, findings: [], notes: [], readBytes: 0, streamBytes: 0, retries: 0 },
};

export interface VerifyItemsOptions {
  readonly store: ObjectStore;
  readonly filters?: FilterRegistry | undefined;
  readonly receiver: Receiver | undefined;
  readonly concurrency?: number | undefined;
  readonly maxMemory?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly logger: Logger;
}

export interface JudgedItem {
  readonly item: VerifyItem;
  readonly judgement: Judged;
}

/** What was read of one backup, and what ZFS said of it. */
interface Seen {
  readonly body: BodyReport;
  readonly level: VerifyLevel;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  readonly readBytes: number;
  readonly streamBytes: number;
  readonly retries: number;
}

/** Looks at each item as closely as the plan has it. */
export async function verifyItems(
  { items }: VerifyPlan,
  options: VerifyItemsOptions,
): Promise<readonly JudgedItem[]> {
  const seen = await readBodies(items, options);
  const guids = guidsOf(items, seen);
  const look = (item: VerifyItem) => sumUp(item, seen.get(item), guids, options.store.prefix);
  const judgements = giveVerdicts(items, look);
  return items.flatMap((item, at) => {
    const judgement = judgements[at];
    return judgement ? [{ item, judgement }] : [];
  });
}

async function readBodies(
  items: readonly VerifyItem[],
  options: VerifyItemsOptions,
): Promise<ReadonlyMap<VerifyItem, Seen>> {
  const read = items.filter(({ level }) => level > 1);
  const seen = new Map<VerifyItem, Seen>();
  const turnOf = new Map(read.map((item, at) => [item, { step: at + 1, steps: read.length }]));
  let silences = 0;
  const see = async (item: VerifyItem, atOnce = 1) => {
    if (silences >= SILENCES) return void seen.set(item, NOT_SEEN);
    const turn = turnOf.get(item) ?? { step: 1, steps: 1 };
    const one = await seeBody(item, turn, shareOf(options, atOnce));
    silences = one.body.notVerified?.code === 'STORE_UNREACHABLE' ? silences + 1 : 0;
    seen.set(item, one);
  };
  const { receiver } = options;
  try {
    const isSmall = ({ entry: { backup } }: VerifyItem) => backup.storedBytes <= SMALL_BYTES;
    // What is received has its order.
    const [small, others] = receiver
      ? [[], read]
      : [read.filter(isSmall), read.filter((item) => !isSmall(item))];
    const limit = pLimit(SMALL_AT_ONCE);
    await Promise.all(small.map((item) => limit(() => see(item, SMALL_AT_ONCE))));
    for (const item of others) await see(item);
  } finally {
    await receiver?.close();
  }
  return seen;
}

/** Memory is for all that is read at once. */
function shareOf(options: VerifyItemsOptions, atOnce: number): VerifyItemsOptions {
  const { maxMemory } = options;
  if (atOnce === 1 || maxMemory === undefined) return options;
  return { ...options, maxMemory: Math.floor(maxMemory / atOnce) };
}

async function seeBody(
  item: VerifyItem,
  turn: { readonly step: number; readonly steps: number },
  options: VerifyItemsOptions,
): Promise<Seen> {
  const { signal = new AbortController().signal, onProgress, logger } = options;
  signal.throwIfAborted();
  const { backup } = item.entry;
  const name = `${backup.dataset}@${backup.snapshot}`;
  const receiver = item.level === 3 ? options.receiver : undefined;
  const obstacle = await receiver?.obstacle(item, { signal });
  const isReceived = receiver !== undefined && obstacle === undefined;
  const estimate = backup.streamBytes ?? backup.estimate;
  const moved = joinProgress(onProgress, { verb: 'verify', item: name, ...turn, estimate });
  let readBytes = 0;
  const body = await verifyBody(backup, {
    ...options,
    receive: isReceived ? (stream, call) => receiver.receive(item, stream, call) : undefined,
    onStored(progress) {
      readBytes = progress.storedBytes;
      moved.stored(progress);
    },
    onStream: moved.read,
  });
  const isWhole = body.facts !== undefined && !body.notVerified && body.findings.length === 0;
  const guid = guidOf(item, body);
  const findings = isReceived && isWhole ? await receiver.check(item, guid, { signal }) : [];
  logger.debug({ key: backup.key, readBytes, findings: body.findings.length }, `looked at ${name}`);
  return {
    ...{ body, findings, readBytes },
    level: !body.isRead || body.notVerified ? 1 : isReceived ? 3 : 2,
    notes: obstacle === undefined ? [] : [obstacle],
    streamBytes: moved.streamBytes(),
    retries: moved.retries(),
  };
}

function guidOf({ entry: { backup } }: VerifyItem, { facts }: BodyReport): string | undefined {
  return facts && judgeIdentity(facts, { ...backup, parent: undefined }).guid;
}

/** Of the snapshots that were found in the streams. */
function guidsOf(
  items: readonly VerifyItem[],
  seen: ReadonlyMap<VerifyItem, Seen>,
): ReadonlyMap<LineageEntry, string> {
  const guids = new Map<LineageEntry, string>();
  for (const item of items) {
    const one = seen.get(item);
    const guid = one && guidOf(item, one.body);
    if (guid !== undefined) guids.set(item.entry, guid);
  }
  return guids;
}

function sumUp(
  { entry, parent }: VerifyItem,
  seen: Seen | undefined,
  guids: ReadonlyMap<LineageEntry, string>,
  prefix: string,
): Looked {
  const { backup } = entry;
  const { recordKey = backup.staleRecordKey } = backup;
  const facts = recordKey === undefined ? undefined : parseRecordKey(prefix, recordKey)?.facts;
  const listed = judgeListing(backup, facts);
  const noEtag =
    facts?.etag && backup.etag === undefined
      ? [`the store tells no ETag of ${backup.key} any more: only its size was compared`]
      : [];
  if (seen === undefined) {
    const nothing = { notVerified: undefined, readBytes: 0, streamBytes: 0, retries: 0 };
    return { level: 1, findings: listed, notes: noEtag, ...nothing };
  }
  const { body, level, readBytes, streamBytes, retries } = seen;
  const above = parent && {
    name: `${parent.backup.dataset}@${parent.backup.snapshot}`,
    // Where it is said what the parent is, its own stream is compared with that, and the blame is the parent's.
    guid: parent.backup.guid ?? guids.get(parent),
  };
  const identity = body.facts && judgeIdentity(body.facts, { ...backup, parent: above });
  return {
    ...{ level, readBytes, streamBytes, retries },
    findings: [...listed, ...body.findings, ...(identity?.findings ?? []), ...seen.findings],
    notes: [...body.notes, ...(identity?.notes ?? []), ...seen.notes],
    notVerified: body.notVerified,
  };
}
