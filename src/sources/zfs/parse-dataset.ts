import { Zfs3BackupError } from '../../errors.ts';
import { type Bookmark, compareDecimals } from '../../lineage/snapshot.ts';
import type { PartialReceive, Snapshot } from '../source.ts';
import type { ZfsFeatures } from './features.ts';
import { decodeResumeToken } from './resume-token.ts';

/** Bookmarks have them all but the last. */
const SNAPSHOT_PROPERTIES = ['guid', 'creation', 'createtxg', 'referenced'] as const;

type Features = Pick<ZfsFeatures, 'estimates' | 'rawSend' | 'holds' | 'resumableReceive'>;

/** What one `zfs get` tells. */
export interface ReadDataset {
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Oldest first. */
  readonly bookmarks: readonly Bookmark[];
  /** Names of the snapshots that somebody holds. */
  readonly held: readonly string[];
  readonly writtenBytes: number | undefined;
  readonly isEncrypted: boolean;
  readonly partial: PartialReceive | undefined;
  /** Datasets right below. */
  readonly children: readonly string[];
}

/**
 * The arguments whose output `parseDataset` reads: one process for a dataset, its snapshots and bookmarks. A property
 * that this ZFS does not know would fail the whole.
 */
export function datasetArguments(dataset: string, features: Features): readonly string[] {
  // `-d 1` also brings the direct children, but not the children's snapshots. Leaving them out by
  // `-t snapshot` is no gain: zfs-fuse does not know it, and `written` would need a process of its own.
  const properties = [
    ...SNAPSHOT_PROPERTIES,
    ...(features.estimates ? ['written'] : []),
    ...(features.rawSend ? ['encryption'] : []),
    ...(features.holds ? ['userrefs'] : []),
    ...(features.resumableReceive ? ['receive_resume_token', 'inconsistent'] : []),
  ].join(',');
  return ['get', '-Hp', '-d', '1', '-o', 'name,property,value', properties, dataset];
}

/** Reads lines of `name<tab>property<tab>value`. Fails with SOURCE_FAILED on output that it does not understand. */
export function parseDataset(output: string, dataset: string): ReadDataset {
  const properties = readProperties(output);
  const named = (mark: '@' | '#') => [...properties].filter(([name]) => name.startsWith(dataset + mark));
  const snapshots = named('@');
  const own = properties.get(dataset);
  return {
    snapshots: snapshots.map(([name, values]) => readSnapshot(name, values)).sort(byCreation),
    bookmarks: named('#')
      .map(([name, values]) => readBookmark(name, values))
      .sort(byCreation),
    held: snapshots
      .filter(([, values]) => (readCount(values.get('userrefs')) ?? 0) > 0)
      .map(([name]) => name.slice(dataset.length + 1)),
    writtenBytes: readCount(own?.get('written')),
    isEncrypted: !['off', '-', undefined].includes(own?.get('encryption')),
    partial: own && readPartial(own),
    children: [...properties.keys()].filter((name) => name.startsWith(`${dataset}/`) && !/[@#]/.test(name)),
  };
}

type Properties = Map<string, Map<string, string>>;

function readProperties(output: string): Properties {
  const found: Properties = new Map();
  for (const line of output.split('\n')) {
    if (line === '') continue;
    const [name, property, value, ...rest] = line.split('\t');
    if (name === undefined || property === undefined || value === undefined || rest.length > 0) {
      throw notUnderstood(line);
    }
    const values = found.get(name) ?? new Map<string, string>();
    found.set(name, values.set(property, value));
  }
  return found;
}

function readSnapshot(name: string, values: Map<string, string>): Snapshot {
  const number = numbersOf(name, values);
  return { ...readIdentity(name, '@', number), referencedBytes: Number(number('referenced')) };
}

function readBookmark(name: string, values: Map<string, string>): Bookmark {
  return { ...readIdentity(name, '#', numbersOf(name, values)), isBookmark: true };
}

function readPartial(own: Map<string, string>): PartialReceive | undefined {
  const token = own.get('receive_resume_token');
  if (token === undefined || token === '-') return undefined;
  const point = decodeResumeToken(token);
  return {
    guid: point?.guid,
    parentGuid: point?.parentGuid,
    name: point?.name,
    bytes: point?.bytes ?? 0,
    // beside what was there, it lies in a clone out of sight
    isAll: own.get('inconsistent') === '1',
    token,
  };
}

function readIdentity(name: string, mark: '@' | '#', number: (property: Numeric) => string) {
  return {
    name: name.slice(name.indexOf(mark) + 1),
    guid: number('guid'),
    createtxg: number('createtxg'),
    createdAt: new Date(Number(number('creation')) * 1000),
  };
}

type Numeric = (typeof SNAPSHOT_PROPERTIES)[number];

function numbersOf(name: string, values: Map<string, string>): (property: Numeric) => string {
  return (property) => {
    const value = values.get(property);
    if (value === undefined || !/^\d+$/.test(value)) throw notUnderstood(`${name} ${property} ${value}`);
    return value;
  };
}

function readCount(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

function byCreation(a: { readonly createtxg: string }, b: { readonly createtxg: string }): number {
  return compareDecimals(a.createtxg, b.createtxg);
}

function notUnderstood(what: string): Zfs3BackupError {
  return new Zfs3BackupError('SOURCE_FAILED', `\`zfs get\` answered something unexpected: ${what}`);
}
