import type { ReceiveStep } from '../source.ts';
import type { ZfsFeatures } from './features.ts';
import { datasetName, snapshotName } from './names.ts';

type Features = Pick<ZfsFeatures, 'unmountedReceive' | 'resumableReceive' | 'receiveProperties'>;

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
export function receiveArguments(step: ReceiveStep, features: Features): readonly string[] {
  const { target, snapshot, force, mount, rehearse, resumable } = step;
  return [
    'receive',
    ...(rehearse ? ['-n'] : []),
    ...(resumable && features.resumableReceive ? ['-s'] : []),
    ...(!mount && features.unmountedReceive ? ['-u'] : []),
    ...(force ? ['-F'] : []),
    ...(step.properties ?? []).flatMap((property) => ['-o', property]),
    ...leftOut(step, features).flatMap((property) => ['-x', property]),
    // which ZFS refuses to be given a name for
    step.isReplication ? datasetName(target) : snapshotName(target, snapshot),
  ];
}

/** Where a package of the stream would mount and share it: for the original's place, not for another. */
const PLACE = ['mountpoint', 'sharenfs', 'sharesmb'];

function leftOut({ properties = [], withoutProperties = [], withoutPlace }: ReceiveStep, features: Features) {
  if (!withoutPlace || !features.receiveProperties) return withoutProperties;
  const named = [...withoutProperties, ...properties.map((property) => property.replace(/=.*/s, ''))];
  return [...withoutProperties, ...PLACE.filter((property) => !named.includes(property))];
}

export function dropPartialArguments(dataset: string): readonly string[] {
  return ['receive', '-A', datasetName(dataset)];
}

export function guidArguments(dataset: string, snapshot: string): readonly string[] {
  return ['get', '-Hp', '-o', 'value', 'guid', snapshotName(dataset, snapshot)];
}
