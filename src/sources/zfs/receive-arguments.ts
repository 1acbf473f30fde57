import type { ReceiveStep } from '../source.ts';
import type { ZfsFeatures } from './features.ts';
import { snapshotName } from './names.ts';

type Features = Pick<ZfsFeatures, 'unmountedReceive'>;

/**
 * What has to run first where `receive -F` goes back to the newest snapshot only. That is zfs-fuse, which is told by
 * the lack of `-u`; OpenZFS goes back further, and only once the whole stream has arrived.
 */
export function rollbackArguments(
  { target, base, force, rehearse }: ReceiveStep,
  features: Features,
): readonly string[] | undefined {
  if (rehearse || !force || base === undefined || features.unmountedReceive) return undefined;
  return ['rollback', '-r', snapshotName(target, base)];
}

/**
 * Names the snapshot although the stream names one too: the next step looks for its parent under the name that the
 * store knows. Where the ZFS lacks `-u` (zfs-fuse) what arrives is mounted at its mountpoint.
 */
export function receiveArguments(
  { target, snapshot, force, mount, rehearse }: ReceiveStep,
  features: Features,
): readonly string[] {
  return [
    'receive',
    ...(rehearse ? ['-n'] : []),
    ...(!mount && features.unmountedReceive ? ['-u'] : []),
    ...(force ? ['-F'] : []),
    snapshotName(target, snapshot),
  ];
}
