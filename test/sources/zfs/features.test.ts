import { describe, expect, it } from 'vitest';
import { parseFeatures } from '../../../src/sources/zfs/features.ts';

const OPENZFS = `
	bookmark <snapshot|bookmark> <newbookmark>
	get [-rHp] [-j [--json-int]] [-d max] [-o "all" | field[,...]]
	send [-DLPbcehnpsVvw] [-i|-I snapshot]
	     [-R [-X dataset[,dataset]...]]     <snapshot>
	send [-DnVvPLecw] [-i snapshot|bookmark] <filesystem|volume|snapshot>
	send [-nVvPe] -t <receive_resume_token>
	receive [-vMnsFhu] [-o <property>=<value>] ... [-x <property>] ...
	    <filesystem|volume|snapshot>
	receive -A <filesystem|volume>
	hold [-r] <tag> <snapshot> ...
	holds [-rHp] <snapshot> ...
	release [-r] <tag> <snapshot> ...
`;
const ZFS_FUSE = `
	set <property=value> <filesystem|volume|snapshot> ...
	send [-RDp] [-[iI] snapshot] <snapshot>
	receive [-vnF] <filesystem|volume|snapshot>
	receive [-vnF] -d <filesystem>
	hold [-r] <tag> <snapshot> ...
	holds [-r] <snapshot> ...
`;

describe('parseFeatures', () => {
  it('finds all that OpenZFS 2.3 has', () => {
    expect(parseFeatures(OPENZFS)).toEqual({
      estimates: true,
      rawSend: true,
      unmountedReceive: true,
      resumableReceive: true,
      receiveProperties: true,
      bookmarks: true,
      holds: true,
    });
  });

  it('finds nothing of it in zfs-fuse', () => {
    expect(parseFeatures(ZFS_FUSE)).toEqual({
      estimates: false,
      rawSend: false,
      unmountedReceive: false,
      resumableReceive: false,
      receiveProperties: false,
      bookmarks: false,
      holds: false,
    });
  });

  it('keeps to the synopses of the subcommand', () => {
    const usage = '\tsend [-v] <snapshot>\n\tsend-other [-nPw] x\n\treceive [-v] <x>\n\tunmount [-us] x\n';
    expect(Object.values(parseFeatures(usage))).toEqual(Array(7).fill(false));
  });
});
