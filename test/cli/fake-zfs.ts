import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, vi } from 'vitest';
import { createStreamBuilder } from '../inspect/build-stream.ts';

/** What the fake sends: the smallest stream that is one. */
export function fakeStream(name: string, guid: string, parentGuid = '0'): Buffer {
  return createStreamBuilder()
    .begin({ name, guid: BigInt(guid), parentGuid: BigInt(parentGuid) })
    .end()
    .bytes();
}

/** A `zfs` on PATH, until the test ends, that has these datasets, each with these snapshots. */
export async function fakeZfs(folder: string, datasets: Readonly<Record<string, readonly string[]>>) {
  const streams = await putStreams(folder, datasets);
  const cases = Object.entries(datasets).map(([dataset, snapshots], at) => {
    const lines = snapshots.flatMap((name, txg) =>
      Object.entries({
        guid: guidOf(at, txg),
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
send) if [ "$2" = -nvP ]; then printf 'size\\t100\\n'; exit; fi
from=; while [ $# -gt 0 ]; do if [ "$1" = -i ]; then from=\${2##*[@#]}; fi; shift; done
cat "${streams}/$(echo "$last" | tr / %)-$from" ;;
esac`,
  );
}

function guidOf(dataset: number, txg: number): string {
  return `${dataset + 1}${txg}1`;
}

/** Each snapshot as a full stream, and on top of each that is older. */
async function putStreams(folder: string, datasets: Readonly<Record<string, readonly string[]>>) {
  const streams = join(folder, 'streams');
  await mkdir(streams, { recursive: true });
  for (const [at, [dataset, snapshots]] of Object.entries(datasets).entries()) {
    for (const [txg, name] of snapshots.entries()) {
      for (const [fromTxg, from] of [[0, ''] as const, ...snapshots.slice(0, txg).entries()]) {
        const full = `${dataset}@${name}`;
        const parentGuid = from === '' ? '0' : guidOf(at, fromTxg);
        const stream = fakeStream(full, guidOf(at, txg), parentGuid);
        await writeFile(join(streams, `${full.replaceAll('/', '%')}-${from}`), stream);
      }
    }
  }
  return streams;
}

/** The same with a body of its own. */
export async function putZfs(folder: string, body: string): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'zfs'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', [bin, process.env['PATH']].join(delimiter));
}

afterEach(() => void vi.unstubAllEnvs());
