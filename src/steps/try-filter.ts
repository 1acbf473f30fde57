import { randomBytes } from 'node:crypto';
import type { FilterFacts } from '../checks/judge-filter.ts';
import { Zfs3BackupError } from '../errors.ts';
import type { FilterChain } from '../filters/chain.ts';
import type { FilterRegistry } from '../filters/registry.ts';
import type { RecordedFilter } from '../lineage/record.ts';
import type { CallOptions } from '../store/object-store.ts';
import { gather, streamOf } from '../stream/gather.ts';

/** A few KiB that a compressor can do something with, and something that it cannot. */
const SAMPLE_BYTES = 8 * 1024;

export interface WantedFilters {
  /** As the dataset has it: it may have recipients of its own. */
  readonly filters: FilterRegistry;
  readonly compressor: string | undefined;
  readonly encryptor: string | undefined;
}

/** Sends a sample to and fro through what the configuration names. Never throws but when aborted. */
export async function tryFilters(
  { filters, ...wanted }: WantedFilters,
  call: CallOptions = {},
): Promise<FilterFacts | undefined> {
  const name = [wanted.compressor, wanted.encryptor].filter(isNamed).join(', then ');
  try {
    const chain = filters.encoderOf(wanted);
    if (!chain) return undefined;
    await chain.checkEncode(call);
    const sample = Buffer.concat([Buffer.alloc(SAMPLE_BYTES), randomBytes(SAMPLE_BYTES)]);
    const encoded = await gather(chain.encode(streamOf(sample), call));
    const described = (await chain.describe(call)).map(sayFilter).join(', then ');
    if (isNamed(wanted.encryptor)) {
      return { name: described, ...(await tryDecrypting(chain, encoded, sample, call)) };
    }
    const decoded = await gather(chain.decode(streamOf(encoded), call));
    return { name: described, cameBack: sample.equals(decoded) };
  } catch (error) {
    if (call.signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
    return { name, fault: error };
  }
}

/** Who encrypts for a key that is elsewhere cannot decrypt, and need not. */
async function tryDecrypting(chain: FilterChain, encoded: Buffer, sample: Buffer, call: CallOptions) {
  const readHead = async (bytes: number) => encoded.subarray(0, bytes);
  try {
    await chain.checkDecode({ key: 'a sample', readHead }, call);
  } catch (error) {
    if (call.signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
    return {};
  }
  return { cameBack: sample.equals(await gather(chain.decode(streamOf(encoded), call))) };
}

function sayFilter({ name, version }: RecordedFilter): string {
  // Some call themselves by their name.
  return version === null ? name : version.startsWith(name) ? version : `${name} (${version})`;
}

function isNamed(name: string | undefined): name is string {
  return name !== undefined && name !== '' && name.toLowerCase() !== 'none';
}
