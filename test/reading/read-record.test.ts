import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Backup } from '../../src/lineage/backup.ts';
import { MAX_RECORD_BYTES } from '../../src/lineage/decode-record.ts';
import { encodeRecord } from '../../src/lineage/encode-record.ts';
import type { BackupRecord } from '../../src/lineage/record.ts';
import { readRecord } from '../../src/reading/read-record.ts';
import { record } from '../lineage/records.ts';
import { openStore } from '../store/answering-server.ts';

const [written] = fc.sample(record, { numRuns: 1, seed: 5 }) as [BackupRecord];

/** In pieces, without a length: as through a proxy that takes it away. */
async function readFrom(body: Uint8Array) {
  const { store } = await openStore((_, response) => {
    response.writeHead(200);
    for (let at = 0; at < body.byteLength; at += 1_000_000) response.write(body.subarray(at, at + 1_000_000));
    response.end();
  });
  const { dataset, snapshot, storedBytes } = written;
  const etag = written.etag ?? undefined;
  return readRecord(store, { dataset, snapshot, storedBytes, etag, recordKey: 'r' } as Backup);
}

it('reads a record whose length the store does not tell', async () => {
  expect(await readFrom(encodeRecord(written))).toEqual(written);
});

it('takes nothing for a record that is longer than one can be', async () => {
  const tail = Buffer.alloc(MAX_RECORD_BYTES, ' ');
  expect(await readFrom(Buffer.concat([encodeRecord(written), tail]))).toBeUndefined();
});
