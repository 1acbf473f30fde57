import type { ReceiveStep } from '../source.ts';
import type { ZfsFeatures } from './features.ts';
import { snapshotName } from './names.ts';

/**
 * Names the snapshot although the stream names one too: the next step looks for its parent under the name that the
 * store knows. Where the ZFS lacks `-u` (zfs-fuse) what arrives is mounted at its mountpoint.
 */
export function receiveArguments(
  { target, snapshot, force, mount }: ReceiveStep,
  features: Pick<ZfsFeatures, 'unmountedReceive'>,
): readonly string[] {
  return [
    'receive',
    ...(!mount && features.unmountedReceive ? ['-u'] : []),
    ...(force ? ['-F'] : []),
    snapshotName(target, snapshot),
  ];
}
