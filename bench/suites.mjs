/** What can be measured: each suite makes its cases, and `close` ends the servers that they need. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from './clients.mjs';
import { CACHE, startGateway, startServers } from './machine.mjs';
import { writeZfsStream } from './zfs-stream.mjs';

const HERE = import.meta.dirname;
const BUCKET = 'bench';
const MIB = 1024 ** 2;

/** Every client, both ways, over http and https. */
async function compare({ clients, bytes }) {
  const { servers, certificate, close } = await startServers();
  const cases = servers.flatMap((server) => transfers(clients, server, certificate, bytes));
  return { cases, close };
}

/** The same with a delay before every answer. */
async function latency({ clients, bytes }) {
  const beds = [];
  const cases = [];
  for (const latencyMs of [0, 20, 100]) {
    const bed = await startServers({ latencyMs });
    beds.push(bed);
    const made = transfers(clients, bed.servers[0], bed.certificate, bytes);
    cases.push(...made.map((each) => ({ ...each, group: `${each.group}, answers after ${latencyMs} ms` })));
  }
  const close = () => {
    for (const bed of beds) bed.close();
  };
  return { cases, close };
}

/** Ours alone: part size × parts in flight. */
async function sweep({ clients, bytes }) {
  const { servers, certificate, close } = await startServers();
  const [ours] = clients;
  const cases = servers.flatMap((server) =>
    [8, 16, 32, 64].flatMap((partMiB) =>
      [1, 2, 4, 8].map((parallel) => {
        const place = { url: server.url, bucket: BUCKET, bytes, certificate, partMiB, parallel };
        const name = `${partMiB} MiB × ${parallel}`;
        return transfer(`upload, ${server.protocol}`, name, server, certificate, {
          argv: ours.upload(place),
          feed: bytes,
        });
      }),
    ),
  );
  return { cases, close };
}

/** Ours alone, streams of unknown length: the seconds per GiB should stay what they are. */
async function length({ clients }) {
  const { servers, certificate, close } = await startServers();
  const [server] = servers;
  const [ours] = clients;
  const cases = [1, 4, 16, 64].map((gib) => {
    const feed = gib * 1024 * MIB;
    // Without a part size, so that the schedule for unknown lengths is what runs.
    const argv = ours.upload({ url: server.url, bucket: BUCKET }).slice(0, -4);
    return transfer('upload of unknown length, http', `${gib} GiB`, server, certificate, { argv, feed });
  });
  return { cases, close };
}

/** A backup with zstd beside the pipeline that a person would type. */
async function compress({ bytes }) {
  const { servers, certificate, close } = await startServers();
  const corpus = makeCorpus(bytes);
  const cases = servers.flatMap((server) => {
    const group = `backup with zstd, ${server.protocol}`;
    const cp = `/usr/bin/aws --endpoint-url ${server.url} --ca-bundle ${certificate} s3 cp - s3://${BUCKET}/bench/zstd`;
    const shell = ['sh', '-c', `cat '${corpus}' | zstd -q -3 -T0 | ${cp}`];
    const backup = [process.execPath, join(HERE, 'backup-corpus.mjs'), server.url, BUCKET, corpus];
    return [
      transfer(group, 'zfs3backup', server, certificate, { argv: backup }),
      transfer(group, 'aws cli', server, certificate, { argv: shell }),
    ];
  });
  return { cases, close };
}

/** What it costs to look at a stream while it is stored, by kind of stream and depth. */
async function inspect({ clients, bytes }) {
  const { servers, certificate, close } = await startServers();
  const [server] = servers;
  const [ours] = clients;
  const upload = ours.upload({ url: server.url, bucket: BUCKET });
  const cases = Object.entries(makeStreams(bytes)).flatMap(([kind, file]) =>
    [['none'], ['any', 'frames'], ['any', 'full']].map(([expect, depth = 'full']) => {
      const argv = [...upload, '--expect', expect, '--inspect', depth];
      const line = `cat "$0" | "$@"`;
      const name = expect === 'none' ? '--expect none' : `--inspect ${depth}`;
      return transfer(`upload of ${kind}`, name, server, certificate, {
        argv: ['sh', '-c', line, file, ...argv],
      });
    }),
  );
  return { cases, close };
}

/** Every client against Ceph's gateway, which stores what it gets and is the limit. */
async function rgw({ clients, bytes }) {
  const { endpoint: url, credentials, close } = startGateway();
  const { accessKeyId: id, secretAccessKey: secret } = credentials;
  const env = environment('', { id, secret });
  const aws = ['--endpoint-url', url, 's3'];
  execFileSync('/usr/bin/aws', [...aws, 'mb', `s3://${BUCKET}`], { env, stdio: 'ignore' });
  const object = `head -c ${bytes} /dev/urandom | /usr/bin/aws ${aws.join(' ')} cp - s3://${BUCKET}/sized-${bytes}`;
  execFileSync('sh', ['-c', object], { env });
  const signing = clients.filter(({ limit }) => !limit);
  const cases = transfers(signing, { url, protocol: 'RGW' }, '', bytes).map((each) => ({ ...each, env }));
  return { cases, close };
}

export const SUITES = { compare, sweep, latency, length, compress, inspect, rgw };

function transfers(clients, server, certificate, bytes) {
  const place = { url: server.url, bucket: BUCKET, bytes, certificate };
  const ways = [
    { group: `upload, ${server.protocol}`, way: 'upload', ends: { feed: bytes } },
    { group: `download, ${server.protocol}`, way: 'download', ends: { drain: bytes } },
  ];
  return ways.flatMap(({ group, way, ends }) =>
    clients.flatMap((client) =>
      client[way]
        ? [transfer(group, client.name, server, certificate, { argv: client[way](place), ...ends })]
        : [],
    ),
  );
}

function transfer(group, name, server, certificate, rest) {
  return { group, name, stats: server.stats, env: environment(certificate), ...rest };
}

/** Files of this machine, as a filesystem would hold them. */
function makeCorpus(bytes) {
  const corpus = join(CACHE, `corpus-${bytes}`);
  if (!existsSync(corpus)) {
    execFileSync('sh', [
      '-c',
      `tar cf - /usr/lib /usr/share /usr/bin 2>/dev/null | head -c ${bytes} > '${corpus}'`,
    ]);
  }
  return corpus;
}

/** A ZFS send stream of that corpus, plain and compressed, and something that nobody knows. */
function makeStreams(bytes) {
  const corpus = makeCorpus(bytes);
  const zfs = join(CACHE, `zfs-${bytes}`);
  if (!existsSync(zfs)) writeZfsStream(corpus, zfs);
  const streams = { 'a ZFS stream': zfs, 'what nobody knows': corpus };
  for (const [name, program] of [
    ['zst', 'zstd -q -3 -T0'],
    ['gz', 'gzip -1'],
  ]) {
    const file = `${zfs}.${name}`;
    if (!existsSync(file))
      execFileSync('sh', ['-c', `${program} < '${zfs}' > '${file}.part' && mv '${file}.part' '${file}'`]);
    streams[`a ZFS stream through ${program.split(' ')[0]}`] = file;
  }
  return streams;
}
