/** A ZFS send stream with the bytes of a file in it, as OpenZFS writes one: blocks of 128 KiB, sums in each record. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { createFletcher4 } from '../dist/inspect/fletcher4.js';

const RECORD = 312;
const SUM_AT = RECORD - 32;
const GUID = 5n;

export function writeZfsStream(from, to) {
  const input = openSync(from, 'r');
  const output = openSync(to, 'w');
  const fletcher = createFletcher4();
  fletcher.start(true);
  const put = (type, fill, payload = Buffer.alloc(0)) => {
    const record = Buffer.alloc(RECORD);
    record.writeUInt32LE(type);
    fill(record);
    fletcher.add(record, 0, SUM_AT);
    if (type !== 0) writeSums(record, SUM_AT, fletcher.sums());
    fletcher.add(record, SUM_AT, RECORD);
    fletcher.add(payload, 0, payload.byteLength);
    writeSync(output, record);
    writeSync(output, payload);
  };
  put(0, (record) => {
    record.writeBigUInt64LE(0x2f5bacbacn, 8);
    record.writeBigUInt64LE(1n, 16);
    record.writeBigUInt64LE(GUID, 40);
    record.write('bench/corpus@1', 56);
  });
  const block = Buffer.alloc(128 * 1024);
  for (let read = readSync(input, block); read > 0; read = readSync(input, block)) {
    const data = block.subarray(0, Math.ceil(read / 512) * 512);
    put(3, (record) => record.writeBigUInt64LE(BigInt(data.byteLength), 32), data);
  }
  const sums = fletcher.sums();
  put(5, (record) => {
    writeSums(record, 8, sums);
    record.writeBigUInt64LE(GUID, 40);
  });
  closeSync(input);
  closeSync(output);
}

function writeSums(record, at, sums) {
  for (const [index, sum] of sums.entries()) record.writeBigUInt64LE(sum, at + index * 8);
}
