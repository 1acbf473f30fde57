import { RECORD_BYTES } from '../../inspect/zfs-record.ts';
import { NotContinuableError } from '../not-continuable.ts';
import { type ByteReader, createByteReader } from './byte-reader.ts';
import { withNumbers } from './packed-nvlist.ts';
import {
  type BeginRecord,
  isFreeToTheEnd,
  RECORD_TYPES,
  rangeSlots,
  readBegin,
  readRecord,
  resumingBegin,
} from './replay-record.ts';
import type { ResumePoint } from './resume-token.ts';
import { createResummer, type Resummer } from './resummer.ts';

/** Keys of a raw stream, and what it was redacted by: a few KiB. */
const MAX_BEGIN_PAYLOAD = 1024 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * The rest of a whole stream from a point on, as `zfs send -t` would make it: a BEGIN that says where it goes on, the
 * object that was being written, then the stream's own records; only their running sums are other ones. These are
 * derived from the old ones, not taken over the data again, so that they still tell of a damage behind the sender.
 *
 * Throws NotContinuableError before it yields anything where that cannot be made of this stream. Chunks are lent.
 */
export async function* resumeStream(
  source: AsyncIterable<Uint8Array>,
  point: ResumePoint,
): AsyncGenerator<Uint8Array, void> {
  const reader = createByteReader(source);
  try {
    const { begin, head, record, sums } = await findPoint(reader, point);
    yield* head;
    yield* copyRecords(reader, begin, record, sums);
  } finally {
    await reader.close();
  }
}

async function findPoint(reader: ByteReader, point: ResumePoint) {
  const { first, begin, payload } = await readStart(reader);
  if (begin.isPackage) throw new NotContinuableError('it is a package of several streams (-R, -I, -p, -h)');
  if (begin.isResuming) throw new NotContinuableError('it is itself the rest of a stream');
  if (begin.guid !== point.guid) throw new NotContinuableError('it is of another snapshot');
  const numbers = { resume_object: point.object, resume_offset: point.offset };
  const list = withNumbers(payload, numbers, begin.isLittleEndian);
  if (!list) throw new NotContinuableError('its first record is of a kind that is not known');
  const { record, repeated } = await skipTo(reader, begin, point);
  const sums = createResummer(begin.isLittleEndian);
  const head = [resumingBegin(first, list.byteLength, begin.isLittleEndian), list];
  for (const bytes of head) sums.add(bytes);
  for (const again of repeated) head.push(sums.sum(again.record), sums.add(again.payload));
  if (!sums.startAt(record)) throw new NotContinuableError('its records have no checksums');
  return { begin, head, record, sums };
}

async function readStart(reader: ByteReader) {
  const first = await reader.take(RECORD_BYTES);
  const begin = first && readBegin(first);
  const bytes = begin?.payloadBytes ?? 0;
  const payload = bytes > MAX_BEGIN_PAYLOAD ? undefined : await reader.take(bytes);
  if (!first || !begin || !payload) throw new NotContinuableError('it is no stream of ZFS');
  return { first, begin, payload };
}

interface Repeated {
  readonly record: Uint8Array;
  readonly payload: Uint8Array;
}

/**
 * Skips what was received, up to the data that it stopped at. What is said of that object, and of its range where
 * the stream is raw, has to be said again, for the receiver has forgotten it.
 */
async function skipTo(reader: ByteReader, { isLittleEndian }: BeginRecord, { object, offset }: ResumePoint) {
  let range: Repeated[] = [];
  let about: Repeated[] = [];
  for (;;) {
    const record = await reader.take(RECORD_BYTES);
    const facts = record && readRecord(record, isLittleEndian);
    if (!record || !facts || facts.type === RECORD_TYPES.end) break;
    const isSame = facts.object === object;
    if (facts.type === RECORD_TYPES.write || facts.type === RECORD_TYPES.writeEmbedded) {
      if (isSame && facts.offset === offset) return { record, repeated: [...range, ...about] };
      if (facts.object > object) break;
    }
    if (facts.type === RECORD_TYPES.object && isSame) {
      const payload = await reader.take(facts.payloadBytes);
      if (!payload) break;
      about = [{ record, payload }];
      continue;
    }
    if (facts.type === RECORD_TYPES.objectRange) {
      const isOver = object < facts.object || object >= facts.object + rangeSlots(record, isLittleEndian);
      range = isOver ? [] : [{ record, payload: NOTHING }];
    }
    // of which there is one behind the object: what follows its last byte
    if (facts.type === RECORD_TYPES.free && isSame && isFreeToTheEnd(record, isLittleEndian)) {
      about = [...about.slice(0, 1), { record, payload: NOTHING }];
    }
    if (!(await reader.skip(facts.payloadBytes))) break;
  }
  throw new NotContinuableError('it does not hold the data at which the receive stopped');
}

async function* copyRecords(
  reader: ByteReader,
  { isLittleEndian }: BeginRecord,
  first: Uint8Array,
  sums: Resummer,
): AsyncGenerator<Uint8Array, void> {
  for (let record: Uint8Array | undefined = first; record; record = await reader.take(RECORD_BYTES)) {
    const facts = readRecord(record, isLittleEndian);
    // cut short or not understood: the receiver says so, for the sums end here
    if (!facts) return;
    yield facts.type === RECORD_TYPES.end ? sums.resumEnd(record) : sums.resum(record);
    yield* reader.pass(facts.payloadBytes);
    sums.pass(facts.payloadBytes);
  }
}
