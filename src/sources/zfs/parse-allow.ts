/** Whose permissions are wanted. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/**
 * What `zfs allow DATASET` says that a user may do at that dataset. It lists the dataset and those above it, and for each
 * the sets, and who is allowed what there, for itself, for what is below, or both.
 */
export function parseAllowed(output: string, dataset: string, user: User): readonly string[] {
  const sets = new Map<string, readonly string[]>();
  const allowed = new Set<string>();
  let at = '';
  let holds = false;
  for (const line of output.split('\n')) {
    at = /^---- Permissions on (.+?) -+$/.exec(line)?.[1] ?? at;
    if (!/^\s/.test(line)) {
      const below = at !== dataset;
      holds = below
        ? /^(Descendent|Local\+Descendent) /.test(line)
        : /^(Local|Local\+Descendent) /.test(line);
      continue;
    }
    const set = /^\s+(@\S+) (\S+)$/.exec(line);
    if (set) sets.set(set[1] ?? '', set[2]?.split(',') ?? []);
    const permissions = holds ? permissionsOf(line, user) : [];
    for (const permission of permissions) allowed.add(permission);
  }
  return [...allowed].flatMap((each) => expand(each, sets)).sort();
}

function permissionsOf(line: string, { name, groups }: User): readonly string[] {
  const [, kind, who, permissions] = /^\s+(user|group|everyone)\s+(?:(.+)\s)?(\S+)$/.exec(line) ?? [];
  const isMeant =
    kind === 'everyone' ||
    (kind === 'user' && who === name) ||
    (kind === 'group' && who !== undefined && groups.includes(who));
  return isMeant ? (permissions?.split(',') ?? []) : [];
}

/** A set may hold sets. */
function expand(permission: string, sets: ReadonlyMap<string, readonly string[]>, depth = 0): string[] {
  if (!permission.startsWith('@') || depth > 10) return [permission];
  return (sets.get(permission) ?? []).flatMap((each) => expand(each, sets, depth + 1));
}
