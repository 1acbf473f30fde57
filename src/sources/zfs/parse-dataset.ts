import { Zfs3BackupError } from '../../errors.ts';
import type { DatasetState, Snapshot } from '../source.ts';

const SNAPSHOT_PROPERTIES = ['guid', 'creation', 'createtxg', 'referenced'] as const;

/** The arguments whose output `parseDataset` reads: one process for a dataset and all of its snapshots. */
export function datasetArguments(dataset: string, withWritten: boolean): readonly string[] {
  // `-d 1` also brings the direct children and bookmarks, but not the children's snapshots. Leaving them out by
  // `-t snapshot` is no gain: zfs-fuse does not know it, and `written` would need a process of its own.
  const properties = [...SNAPSHOT_PROPERTIES, ...(withWritten ? ['written'] : [])].join(',');
  return ['get', '-Hp', '-d', '1', '-o', 'name,property,value', properties, dataset];
}

/** Reads lines of `name<tab>property<tab>value`. Fails with SOURCE_FAILED on output that it does not understand. */
export function parseDataset(output: string, dataset: string): DatasetState {
  const properties = readProperties(output);
  const snapshots = [...properties]
    .filter(([name]) => name.startsWith(`${dataset}@`))
    .map(([name, values]) => readSnapshot(name, values));
  return {
    snapshots: snapshots.sort((a, b) => compareNumbers(a.createtxg, b.createtxg)),
    writtenBytes: readCount(properties.get(dataset)?.get('written')),
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
  const [guid, creation, createtxg, referenced] = SNAPSHOT_PROPERTIES.map((property) => {
    const value = values.get(property);
    if (value === undefined || !/^\d+$/.test(value)) throw notUnderstood(`${name} ${property} ${value}`);
    return value;
  }) as [string, string, string, string];
  return {
    name: name.slice(name.indexOf('@') + 1),
    guid,
    createtxg,
    createdAt: new Date(Number(creation) * 1000),
    referencedBytes: Number(referenced),
  };
}

function readCount(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** As integers of any size: createtxg has 64 bits. */
function compareNumbers(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function notUnderstood(what: string): Zfs3BackupError {
  return new Zfs3BackupError('SOURCE_FAILED', `\`zfs get\` answered something unexpected: ${what}`);
}
