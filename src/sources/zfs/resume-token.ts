import { inflateSync } from 'node:zlib';
import { readPackedNvlist } from './packed-nvlist.ts';

/** How far an interrupted receive got, as `receive_resume_token` tells it. */
export interface ResumePoint {
  /** Of the snapshot that was being received; decimal. */
  readonly guid: string;
  /** Of the one that it builds on; `undefined` for a full stream. */
  readonly parentGuid: string | undefined;
  /** `dataset@snapshot` as it was called where it was sent. */
  readonly name: string;
  /** Stream bytes that were received. */
  readonly bytes: number;
  /** Where the stream has to go on: with the data of this object, at this byte of it. */
  readonly object: bigint;
  readonly offset: bigint;
}

/** A token has a few hundred bytes; redacted snapshots can make it longer. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a token: `1-CHECKSUM-SIZE-HEX`, the last being a packed name-value list, deflated. `undefined` for anything
 * that it does not understand. (OpenZFS, `get_receive_resume_token_impl` in `module/zfs/dsl_dataset.c`.)
 */
export function decodeResumeToken(token: string): ResumePoint | undefined {
  const hex = /^1-[0-9a-f]+-[0-9a-f]+-((?:[0-9a-f]{2})+)$/i.exec(token)?.[1];
  const packed = hex === undefined ? undefined : inflate(Buffer.from(hex, 'hex'));
  const values = packed && readPackedNvlist(packed);
  if (!values) return undefined;
  const number = (name: string) => {
    const value = values.get(name);
    return typeof value === 'bigint' ? value : undefined;
  };
  const [guid, object, offset, bytes] = [
    number('toguid'),
    number('object'),
    number('offset'),
    number('bytes'),
  ];
  const name = values.get('toname');
  if (guid === undefined || object === undefined || offset === undefined) return undefined;
  if (typeof name !== 'string') return undefined;
  const parent = number('fromguid');
  return {
    guid: String(guid),
    parentGuid: parent === undefined || parent === 0n ? undefined : String(parent),
    name,
    bytes: Number(bytes ?? 0n),
    object,
    offset,
  };
}

function inflate(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch {
    return undefined;
  }
}
