import { Zfs3BackupError } from '../errors.ts';
import type { BackupRecord } from '../lineage/record.ts';
import type { Checksum, Digest, ObjectInfo } from '../store/object-store.ts';
import { createDigestThread, createRunningDigest } from '../stream/running-digest.ts';
import { createPartChecker, damagedPartError } from './part-checker.ts';

/** What of a record an object can be compared with. */
export type RecordedBody = Pick<BackupRecord, 'storedBytes' | 'etag' | 'parts'>;

/** Compares an object's bytes with what is known of them. */
export interface BodyCheck {
  /**
   * The next bytes, in order: what is wrong with those that are complete by now. With `last`, with all. `bytes` must
   * not change until `taken` has resolved.
   */
  look(bytes: Uint8Array, last: boolean): Promise<readonly Zfs3BackupError[]>;
  taken(): Promise<void>;
  close(): void;
}

/** An object that is another one now than the one that was recorded: MISMATCH. */
export function compareObject(info: ObjectInfo, record: RecordedBody): Zfs3BackupError | undefined {
  const { key, bytes, etag } = info;
  const isAnother = etag !== undefined && record.etag !== null && etag !== record.etag;
  if (bytes === record.storedBytes && !isAnother) return undefined;
  const [there, then] =
    bytes === record.storedBytes
      ? [`has the ETag ${etag}`, record.etag]
      : [`has ${bytes} bytes`, `${record.storedBytes}`];
  return new Zfs3BackupError('MISMATCH', `${key} ${there}, and ${then} was recorded when it was stored`, {
    advice: '`zfs3backup verify --level 2` reads the object and says whether it can be restored.',
  });
}

/** By the record's parts where it has them: they say where the damage is, also of an object whose ETag is no digest. */
export function createBodyCheck(
  info: ObjectInfo,
  record: RecordedBody | undefined,
  many: boolean,
): BodyCheck | undefined {
  if (record && record.parts.length > 0) return checkParts(info, record);
  const expected = digestOf(info);
  return expected && checkDigest(info, expected, many);
}

function checkParts({ key }: ObjectInfo, record: RecordedBody): BodyCheck {
  const checker = createPartChecker(record);
  return {
    async look(bytes, last) {
      const damaged = [...checker.push(bytes), ...(last ? checker.end() : [])];
      return damaged.map((part) => damagedPartError(key, part));
    },
    taken: async () => {},
    close: () => {},
  };
}

/** Taken beside the way of the bytes: only the end waits for it. */
function checkDigest(info: ObjectInfo, expected: Checksum | Digest, many: boolean): BodyCheck {
  const digest = (many ? createDigestThread : createRunningDigest)(expected.algorithm);
  let taken = Promise.resolve();
  return {
    async look(bytes, last) {
      taken = digest.add(bytes);
      // Who leaves in between does not wait for it.
      taken.catch(() => {});
      const damage = last && compareDigest(info, expected, await digest.hex());
      return damage ? [damage] : [];
    },
    taken: () => taken,
    close: digest.close,
  };
}

/** What tells most for the least work: a CRC-32 takes a sixth of the time of an MD5. */
function digestOf({ checksum, digest }: ObjectInfo): Checksum | Digest | undefined {
  return checksum ?? digest;
}

function compareDigest(
  info: ObjectInfo,
  { algorithm, hex }: Checksum | Digest,
  actual: string,
): Zfs3BackupError | undefined {
  if (actual === hex) return undefined;
  return new Zfs3BackupError(
    'MISMATCH',
    `${info.key}: the ${algorithm} of what came is ${actual}, and the store tells ${hex}`,
    { advice: 'Run it again; if it stays so, the object is damaged in the store.' },
  );
}
