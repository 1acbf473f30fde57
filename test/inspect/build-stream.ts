/** ZFS send streams as OpenZFS writes them, put together record by record, for tests. */

export interface BuildOptions {
  /** Byte order; little endian if not given. */
  readonly bigEndian?: boolean;
  /** Sums in each record, as OpenZFS has them; without them, as zfs-fuse, only in END. */
  readonly recordSums?: boolean;
}

export interface BeginFields {
  readonly name?: string;
  readonly guid?: bigint;
  readonly parentGuid?: bigint;
  readonly createdAt?: number;
  readonly features?: number;
  readonly flags?: number;
  readonly type?: number;
  readonly payload?: Uint8Array;
}

const MASK = (1n << 64n) - 1n;

/** Word by word, as slowly as it is written down. */
export function fletcher4(bytes: Uint8Array, bigEndian = false, sums = [0n, 0n, 0n, 0n]): bigint[] {
  let [a = 0n, b = 0n, c = 0n, d = 0n] = sums;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at += 4) {
    a = (a + BigInt(view.getUint32(at, !bigEndian))) & MASK;
    b = (b + a) & MASK;
    c = (c + b) & MASK;
    d = (d + c) & MASK;
  }
  return [a, b, c, d];
}

export function createStreamBuilder({ bigEndian = false, recordSums = true }: BuildOptions = {}) {
  const le = !bigEndian;
  const pieces: Uint8Array[] = [];
  const ends: number[] = [];
  let sums = [0n, 0n, 0n, 0n];
  let guid = 0n;
  let bytes = 0;

  const builder = {
    /** A record whose fields `fill` sets, with its payload. */
    record(
      type: number,
      fill: (view: DataView) => void,
      payload: Uint8Array = new Uint8Array(),
      isSummed = recordSums,
    ) {
      const record = new Uint8Array(312);
      const view = new DataView(record.buffer);
      view.setUint32(0, type, le);
      fill(view);
      sums = fletcher4(record.subarray(0, 280), bigEndian, sums);
      if (isSummed && type !== 0)
        sums.forEach((sum, index) => void view.setBigUint64(280 + index * 8, sum, le));
      sums = fletcher4(record.subarray(280), bigEndian, sums);
      sums = fletcher4(payload, bigEndian, sums);
      pieces.push(record, payload);
      bytes += 312 + payload.byteLength;
      ends.push(bytes);
      return builder;
    },
    begin(fields: BeginFields = {}, kind = 1) {
      const { name = 'tank/a@1', payload = new Uint8Array(), features = 4, flags = 4 } = fields;
      sums = [0n, 0n, 0n, 0n];
      guid = fields.guid ?? (kind === 1 ? 0x1122334455667788n : 0n);
      return builder.record(
        0,
        (view) => {
          view.setUint32(4, payload.byteLength, le);
          view.setBigUint64(8, 0x2f5bacbacn, le);
          view.setBigUint64(16, BigInt(features) * 4n + BigInt(kind), le);
          view.setBigUint64(24, BigInt(fields.createdAt ?? 1_700_000_000), le);
          view.setUint32(32, fields.type ?? 2, le);
          view.setUint32(36, flags, le);
          view.setBigUint64(40, guid, le);
          view.setBigUint64(48, fields.parentGuid ?? 0n, le);
          new Uint8Array(view.buffer).set(Buffer.from(name).subarray(0, 256), 56);
        },
        payload,
      );
    },
    object(bonus: Uint8Array) {
      const padded = Buffer.alloc(Math.ceil(bonus.byteLength / 8) * 8);
      padded.set(bonus);
      return builder.record(1, (view) => view.setUint32(28, bonus.byteLength, le), padded);
    },
    rawObject(bonus: Uint8Array) {
      return builder.record(1, (view) => view.setUint32(36, bonus.byteLength, le), bonus);
    },
    write(data: Uint8Array) {
      return builder.record(3, (view) => view.setBigUint64(32, BigInt(data.byteLength), le), data);
    },
    compressedWrite(data: Uint8Array, logical = 131_072) {
      return builder.record(
        3,
        (view) => {
          view.setBigUint64(32, BigInt(logical), le);
          view.setUint8(50, 15);
          view.setBigUint64(96, BigInt(data.byteLength), le);
        },
        data,
      );
    },
    spill(data: Uint8Array) {
      return builder.record(7, (view) => view.setBigUint64(16, BigInt(data.byteLength), le), data);
    },
    rawSpill(data: Uint8Array) {
      return builder.record(
        7,
        (view) => {
          view.setBigUint64(16, 512n, le);
          view.setBigUint64(40, BigInt(data.byteLength), le);
        },
        data,
      );
    },
    embedded(data: Uint8Array) {
      const padded = Buffer.alloc(Math.ceil(data.byteLength / 8) * 8);
      padded.set(data);
      return builder.record(8, (view) => view.setUint32(52, data.byteLength, le), padded);
    },
    /** One without payload: FREEOBJECTS 2, FREE 4, WRITE_BYREF 6, OBJECT_RANGE 9, REDACT 10. */
    bare(type: number) {
      return builder.record(type, (view) => view.setBigUint64(8, 7n, le));
    },
    end(isSummed = recordSums) {
      const before = sums;
      return builder.record(
        5,
        (view) => {
          before.forEach((sum, index) => void view.setBigUint64(8 + index * 8, sum, le));
          view.setBigUint64(40, guid, le);
        },
        undefined,
        isSummed,
      );
    },
    /** What libzfs puts in front of a package: BEGIN with its list, and END of that. */
    openPackage(list: Uint8Array, name = 'tank/a@1') {
      return builder.begin({ name, payload: list, createdAt: 0, type: 0, flags: 0, guid: 0n }, 2).end(false);
    },
    closePackage() {
      sums = [0n, 0n, 0n, 0n];
      return builder.record(5, () => {}, undefined, false);
    },
    bytes: (): Buffer => Buffer.concat(pieces),
    /** Where each record ends. */
    ends: (): readonly number[] => ends,
  };
  return builder;
}

/** A value of a packed list. */
export type NvValue = true | string | bigint | { readonly [name: string]: NvValue };

/** A list as libzfs packs it: XDR. */
export function packNvlist(list: { readonly [name: string]: NvValue }): Buffer {
  return Buffer.concat([Buffer.of(1, 1, 0, 0), packPairs(list)]);
}

function packPairs(list: { readonly [name: string]: NvValue }): Buffer {
  const pairs = Object.entries(list).map(([name, value]) => {
    const [type, count, packed] = packValue(value);
    const rest = Buffer.concat([packText(name), int(type), int(count), packed]);
    return Buffer.concat([int(rest.byteLength + 8), int(rest.byteLength + 8), rest]);
  });
  return Buffer.concat([int(0), int(1), ...pairs, int(0), int(0)]);
}

function packValue(value: NvValue): readonly [type: number, count: number, packed: Buffer] {
  if (value === true) return [1, 0, Buffer.alloc(0)];
  if (typeof value === 'string') return [9, 1, packText(value)];
  if (typeof value === 'bigint') {
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(value);
    return [8, 1, number];
  }
  return [19, 1, packPairs(value)];
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([int(bytes.byteLength), bytes, Buffer.alloc((4 - (bytes.byteLength % 4)) % 4)]);
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
