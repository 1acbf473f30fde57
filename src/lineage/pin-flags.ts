import type { Backup, Lineage, LineageEntry } from './backup.ts';
import { chainTo } from './lineage.ts';
import { encodeSendFlags, formatFlags, isRaw } from './send-flags.ts';

/** How a dataset is to be sent. */
export interface FlagRequest {
  /** As they were given, one argument each. */
  readonly given: readonly string[];
  /** Whether `-w` is added: `auto` for an encrypted dataset. */
  readonly raw: 'auto' | 'on' | 'off';
  readonly isEncrypted: boolean;
}

export interface SendFlags {
  /** For the sending program. */
  readonly argv: readonly string[];
  /** What of them is pinned to the chain. */
  readonly format: readonly string[];
  /** `-w` was nobody's wish but the default. */
  readonly isRawByDefault: boolean;
}

/** Whether an incremental may go on with a chain; `why` is a sentence where it may not. */
export type FlagAnswer =
  | { readonly kind: 'same'; readonly flags: SendFlags; readonly notes: readonly string[] }
  | { readonly kind: 'changed'; readonly flags: SendFlags; readonly why: string };

export const NO_FLAGS: FlagRequest = { given: [], raw: 'auto', isEncrypted: false };

/** The flags that a new chain begins with. */
export function firstFlags(request: FlagRequest): SendFlags {
  const { given, raw, isEncrypted } = request;
  const adds = (raw === 'on' || (raw === 'auto' && isEncrypted)) && !isRaw(given);
  return sendFlags(adds ? [...given, '-w'] : given, isEncrypted, adds && raw === 'auto');
}

function sendFlags(argv: readonly string[], encrypted: boolean, isRawByDefault: boolean): SendFlags {
  return { argv, format: formatFlags({ given: argv, encrypted }), isRawByDefault };
}

/**
 * Compares with what the chain of `base` was sent with. A chain that nobody knows the flags of (predecessors', who
 * could not send raw) is gone on with as it was asked for, but never raw, which is only the default there.
 */
export function pinFlags(lineage: Lineage, base: LineageEntry, request: FlagRequest): FlagAnswer {
  const first = firstFlags(request);
  const stored = base.backup.sendFlags;
  const isRootKnown = rootOf(lineage, base)?.sendFlags !== undefined;
  if (!isRootKnown && first.isRawByDefault) {
    const plain = sendFlags(request.given, request.isEncrypted, false);
    if (stored === undefined || isEqual(stored, plain.format)) {
      const { dataset } = lineage;
      const note = `${dataset} is encrypted, but its chain in the store does not say that it is raw: going on without -w; --full starts a raw one.`;
      return { kind: 'same', flags: plain, notes: [note] };
    }
  }
  if (stored === undefined) {
    if (!isRaw(first.format)) return { kind: 'same', flags: first, notes: [] };
    return { kind: 'changed', flags: first, why: 'the chain in the store does not say that it is raw (-w)' };
  }
  if (isEqual(stored, first.format)) return { kind: 'same', flags: first, notes: [] };
  const why = `the chain in the store has the send flags ${encodeSendFlags(stored)}, now they are ${encodeSendFlags(first.format)}`;
  return { kind: 'changed', flags: first, why };
}

function rootOf(lineage: Lineage, { backup }: LineageEntry): Backup | undefined {
  const chain = chainTo(lineage, backup.snapshot);
  return chain.kind === 'chain' ? chain.backups[0] : undefined;
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((flag, at) => flag === other[at]);
}
