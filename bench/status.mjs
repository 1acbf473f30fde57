/** What `status` costs where there are thousands of backups: requests and seconds, with and without records. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { startGateway } from './machine.mjs';

const HERE = import.meta.dirname;
const BUCKET = 'bench-status';
const PUTS_AT_ONCE = 32;

export async function benchStatus(backups) {
  execFileSync(join(HERE, '..', 'scripts', 'setup.sh'), ['npm', 'build'], { stdio: 'inherit' });
  const { endpoint, credentials, close } = startGateway();
  try {
    await run(endpoint, credentials, backups);
  } finally {
    close();
  }
}

async function run(endpoint, credentials, backups) {
  const { openStore, readLineage, readLineages, reindex, status } = await import('../dist/index.js');
  await createBucket(endpoint, credentials);
  const store = await openStore(`s3://${BUCKET}`, {
    endpoint,
    credentials,
    region: 'us-east-1',
    provider: 'ceph',
    forcePathStyle: true,
  });
  await measure(`store ${backups} backups as z3 did`, store, () => putBackups(store, backups));
  await measure('status without records', store, () => status({ store, dataset: 'tank/data' }));
  await measure('reindex', store, () => reindex({ store }));
  await measure('status with records', store, () => status({ store, dataset: 'tank/data' }));
  await measure('the same of the whole store', store, () => readLineages(store));
  const { entries } = await readLineage(store, 'tank/data');
  const broken = entries.filter(({ health }) => health !== 'ok').length;
  console.log(`${entries.length} backups were read, ${broken} of them broken`);
  store.close();
}

async function createBucket(endpoint, credentials) {
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
}

/** One full and a chain behind it: hourly snapshots of more than a year. */
async function putBackups(store, backups) {
  const limit = pLimit(PUTS_AT_ONCE);
  const nameOf = (n) => `zfs-auto-snap_hourly-${String(n).padStart(8, '0')}`;
  const body = Buffer.from('what zfs send wrote');
  const put = (n) => {
    const kind = n === 0 ? { isfull: 'true' } : { parent: `tank/data@${nameOf(n - 1)}` };
    const metadata = { ...kind, size: '1048576', compressor: 'pigz1' };
    return store.put(`${store.prefix}tank/data@${nameOf(n)}`, body, { metadata });
  };
  await Promise.all(Array.from({ length: backups }, (_, n) => limit(() => put(n))));
}

async function measure(what, { requests }, work) {
  const before = requests();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${what}: ${requests() - before} requests, ${seconds.toFixed(2)} s`);
}
