import { createHash, type Hash } from 'node:crypto';

const MIB = 1024 ** 2;
/** Each is one digest more of every byte. */
const MOST_SIZES = 3;
const SMALLEST_PART_BYTES = 5 * MIB;
/** z3's rule: the estimate and a reserve, in one part less than there may be. */
const RESERVE = 1.05;
const Z3_PARTS = 9999;

/** Compares an object's bytes with an ETag that is the digest of its parts' digests. */
export interface EtagChecker {
  /** The next bytes, in order; nothing of them is kept. */
  push(chunk: Uint8Array): void;
  /** Whether the ETag was made of these bytes in parts of one of the sizes; `false` may also be other parts. */
  end(): boolean;
}

export interface EtagObject {
  readonly etag: string | undefined;
  readonly bytes: number;
  /** As the store tells it, where it does. */
  readonly firstPartBytes?: number | undefined;
  /** Expected stream bytes, which predecessors chose the part size from. */
  readonly estimate?: number | undefined;
}

/** `undefined` where the ETag is no such digest, or nothing tells how large its parts were. */
export function createEtagChecker(object: EtagObject): EtagChecker | undefined {
  const shape = /^([0-9a-f]{32}|[0-9a-f]{64})-([1-9]\d{0,4})$/.exec(object.etag ?? '');
  if (!shape || object.bytes === 0) return undefined;
  const algorithm = shape[1]?.length === 32 ? 'md5' : 'sha256';
  const sizes = partSizes(object, Number(shape[2]));
  if (sizes.length === 0) return undefined;
  const tries = sizes.map((partBytes) => createTry(algorithm, partBytes));
  return {
    push(chunk) {
      for (const each of tries) each.push(chunk);
    },
    end: () => tries.some((each) => each.end() === object.etag),
  };
}

/**
 * Sizes that cut the object into that many parts: the store's word alone where it fits; else the predecessors' rule
 * and whole MiB, as most programs have it.
 */
export function partSizes({ bytes, firstPartBytes, estimate }: EtagObject, parts: number): readonly number[] {
  const fits = (size: number | undefined) => size !== undefined && Math.ceil(bytes / size) === parts;
  if (parts === 1) return [bytes];
  if (firstPartBytes !== undefined && fits(firstPartBytes)) return [firstPartBytes];
  const z3 =
    estimate === undefined
      ? undefined
      : Math.max(SMALLEST_PART_BYTES, Math.floor((estimate * RESERVE) / Z3_PARTS));
  const sizes = new Set([...(z3 !== undefined && fits(z3) ? [z3] : [])]);
  for (let size = Math.ceil(bytes / parts / MIB) * MIB; fits(size) && sizes.size < MOST_SIZES; size += MIB) {
    sizes.add(size);
  }
  return [...sizes];
}

function createTry(algorithm: string, partBytes: number) {
  const digests: Buffer[] = [];
  let hash: Hash | undefined;
  let filled = 0;
  const close = () => {
    if (hash) digests.push(hash.digest());
    hash = undefined;
    filled = 0;
  };
  return {
    push(chunk: Uint8Array): void {
      for (let at = 0; at < chunk.byteLength; ) {
        const piece = chunk.subarray(at, at + partBytes - filled);
        hash ??= createHash(algorithm);
        hash.update(piece);
        filled += piece.byteLength;
        at += piece.byteLength;
        if (filled === partBytes) close();
      }
    },
    end(): string {
      close();
      return `${createHash(algorithm).update(Buffer.concat(digests)).digest('hex')}-${digests.length}`;
    },
  };
}
