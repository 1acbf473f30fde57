/** The clients, ours and those a user would pick instead: how each is started for one transfer. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const BIN = join(HERE, '..', 'bin');
// Where another aws was put before it on PATH (pip), Debian's is meant.
const AWS = existsSync('/usr/bin/aws') ? '/usr/bin/aws' : 'aws';
const PARALLEL = 4;

/**
 * @typedef {object} Place where to, and how
 * @property {string} url
 * @property {string} bucket
 * @property {number} bytes of the stream
 * @property {string} certificate file of the certificate to trust; empty for http alone
 * @property {number} [partMiB]
 * @property {number} [parallel]
 */

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {(place: Place) => readonly string[]} [upload] stores stdin
 * @property {(place: Place) => readonly string[]} [download] writes `sized-BYTES` to stdout
 * @property {boolean} [limit] shows what the machine can do; no competitor
 */

/** @type {readonly Client[]} */
const CLIENTS = [
  {
    name: 'zfs3backup',
    upload: ({ partMiB = 16, parallel = PARALLEL, ...place }) => [
      ...[...ours('pput', place), 'bench/pput', '--chunk-size', `${partMiB}M`],
      ...['--concurrency', String(parallel)],
    ],
    download: (place) => [...ours('zfs3backup_get', place), `sized-${place.bytes}`],
  },
  {
    name: 's5cmd',
    upload: (place) => [
      ...s5cmd(place),
      'pipe',
      '-p',
      '16',
      '-c',
      String(PARALLEL),
      `s3://${place.bucket}/bench/s5`,
    ],
    download: (place) => [...s5cmd(place), 'cat', '-p', '16', '-c', String(PARALLEL), sized(place)],
  },
  {
    name: 'lib-storage',
    upload: ({ url, bucket }) => [process.execPath, join(HERE, 'lib-storage.mjs'), url, bucket],
  },
  {
    name: 'aws cli',
    upload: (place) => [...aws(place), '-', `s3://${place.bucket}/bench/aws`],
    download: (place) => [...aws(place), sized(place), '-'],
  },
  {
    name: 'rclone',
    upload: ({ bucket, ...place }) => [...rclone(place), 'rcat', `:s3:${bucket}/bench/rclone`],
    download: ({ bucket, bytes, ...place }) => [...rclone(place), 'cat', `:s3:${bucket}/sized-${bytes}`],
  },
  {
    name: 'curl',
    limit: true,
    upload: ({ url, bucket }) => ['curl', '-sfk', '-T', '-', `${url}/${bucket}/bench/curl`],
    download: ({ url, bucket, bytes }) => ['curl', '-sfk', `${url}/${bucket}/sized-${bytes}`],
  },
];

const sized = ({ bucket, bytes }) => `s3://${bucket}/sized-${bytes}`;

function ours(program, { url, bucket }) {
  return [
    process.execPath,
    join(BIN, `${program}.js`),
    '--quiet',
    '--store',
    `s3://${bucket}`,
    '--endpoint',
    url,
  ];
}

const s5cmd = ({ url }) => ['s5cmd', '--no-verify-ssl', '--log', 'error', '--endpoint-url', url];

function aws({ url, certificate }) {
  const trust = certificate ? ['--ca-bundle', certificate] : [];
  return [AWS, '--endpoint-url', url, ...trust, 's3', 'cp', '--only-show-errors'];
}

function rclone({ url, certificate }) {
  const s3 = ['--s3-provider', 'Other', '--s3-env-auth', '--s3-endpoint', url, '--s3-no-check-bucket'];
  const parts = ['--s3-chunk-size', '16M', '--s3-upload-concurrency', String(PARALLEL), '--no-traverse'];
  const trust = certificate ? ['--ca-cert', certificate] : [];
  return ['rclone', '-q', '--config', '', ...trust, ...s3, ...parts];
}

/** Those whose program is on this machine. */
export function findClients() {
  return CLIENTS.filter(({ name }) => {
    const program = { 'aws cli': AWS, s5cmd: 's5cmd', rclone: 'rclone', curl: 'curl' }[name];
    return program === undefined || spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  });
}

/** The versions that were measured, for below the table. */
export function versions(clients) {
  const ask = { s5cmd: ['s5cmd', 'version'], 'aws cli': [AWS, '--version'], rclone: ['rclone', 'version'] };
  const lines = clients.flatMap(({ name }) =>
    ask[name]
      ? [`${name}: ${execFileSync(ask[name][0], ask[name].slice(1), { encoding: 'utf8' }).split('\n')[0]}`]
      : [],
  );
  return [`node ${process.version}`, ...lines].join(' · ');
}

/** The environment of every client: credentials that mean nothing to the discarding server, and whom to trust. */
export function environment(certificate, credentials = { id: 'AKIDEXAMPLE', secret: 'SECRETEXAMPLE' }) {
  const { AWS_CA_BUNDLE: _, AWS_PROFILE: __, ...rest } = process.env;
  return {
    ...rest,
    AWS_ACCESS_KEY_ID: credentials.id,
    AWS_SECRET_ACCESS_KEY: credentials.secret,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: join(HERE, 'aws.conf'),
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_EXTRA_CA_CERTS: certificate,
    NODE_NO_WARNINGS: '1',
  };
}
