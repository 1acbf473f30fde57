import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, vi } from 'vitest';

/** A `zfs` on PATH, until the test ends, that has these datasets, each with these snapshots. */
export async function fakeZfs(folder: string, datasets: Readonly<Record<string, readonly string[]>>) {
  const cases = Object.entries(datasets).map(([dataset, snapshots], at) => {
    const lines = snapshots.flatMap((name, txg) =>
      Object.entries({
        guid: `${at}${txg}1`,
        creation: 1_000_000 + txg,
        createtxg: txg + 1,
        referenced: 1,
      }).map(([property, value]) => `${dataset}@${name}\\t${property}\\t${value}\\n`),
    );
    return `${dataset}) printf '${dataset}\\twritten\\t0\\n${lines.join('')}' ;;`;
  });
  await putZfs(
    folder,
    `for last; do :; done
case $1 in
'-?') printf '\\tsend [-nPw] <snapshot>\\n\\treceive [-su] <snapshot>\\n' ;;
get) case $last in
${cases.join('\n')}
*) echo "cannot open '$last': dataset does not exist" >&2; exit 1 ;;
esac ;;
send) if [ "$2" = -nvP ]; then printf 'size\\t100\\n'; else printf 'stream of %s' "$last"; fi ;;
esac`,
  );
}

/** The same with a body of its own. */
export async function putZfs(folder: string, body: string): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'zfs'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', [bin, process.env['PATH']].join(delimiter));
}

afterEach(() => void vi.unstubAllEnvs());
