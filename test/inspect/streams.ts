import { randomBytes } from 'node:crypto';
import { type BuildOptions, createStreamBuilder, packNvlist } from './build-stream.ts';

/** One stream with a record of each kind. */
export function everyRecord(options: BuildOptions = {}) {
  return createStreamBuilder(options)
    .begin({ payload: packNvlist({ resume_object: 4n }) })
    .object(Buffer.from('bonus'))
    .rawObject(Buffer.alloc(320, 7))
    .bare(2)
    .write(randomBytes(4096))
    .compressedWrite(randomBytes(1536))
    .bare(4)
    .bare(6)
    .spill(randomBytes(512))
    .rawSpill(randomBytes(1024))
    .embedded(Buffer.from('embedded data of some length'))
    .bare(9)
    .bare(10)
    .end();
}

/** The list in front of a package of `tank/a` and `tank/a/kid`. */
export function packageList({ from }: { readonly from?: string } = {}) {
  return packNvlist({
    ...(from === undefined ? {} : { fromsnap: from }),
    tosnap: '3',
    fss: {
      '0x1': {
        name: 'tank/a',
        parentfromsnap: 0n,
        props: { compression: 2n, 'org.example:note': 'a note' },
        snaps: { 1: 11n, 2: 12n, 3: 13n },
        snapprops: { 1: {}, 2: {}, 3: {} },
      },
      '0x2': {
        name: 'tank/a/kid',
        parentfromsnap: 11n,
        snaps: { 1: 21n, 3: 23n },
        snapprops: { 1: {}, 3: {} },
        is_encroot: true,
      },
    },
  });
}

export interface Sent {
  readonly name: string;
  readonly guid: bigint;
  readonly parentGuid?: bigint;
}

const A1: Sent = { name: 'tank/a@1', guid: 11n };
const A2: Sent = { name: 'tank/a@2', guid: 12n, parentGuid: 11n };
const A3: Sent = { name: 'tank/a@3', guid: 13n, parentGuid: 12n };
const KID1: Sent = { name: 'tank/a/kid@1', guid: 21n };
const KID3: Sent = { name: 'tank/a/kid@3', guid: 23n, parentGuid: 21n };

/** What belongs to `packageList`, sent as a whole. */
export const ALL_SENT: readonly Sent[] = [A1, A2, A3, KID1, KID3];

/** A package with these streams. */
export function packageOf(list: Uint8Array, sent: readonly Sent[], options: BuildOptions = {}) {
  const builder = createStreamBuilder(options).openPackage(list, 'tank/a@3');
  for (const each of sent) builder.begin(each).object(Buffer.from('bonus')).write(Buffer.alloc(512, 3)).end();
  return builder.closePackage();
}
