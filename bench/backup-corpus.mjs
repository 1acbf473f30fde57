// A backup of a file's bytes in place of a snapshot's stream, with zstd. Arguments: URL BUCKET FILE
import { backup, createFilterRegistry, openStore, readProcess } from '../dist/index.js';

const [endpoint, bucket, file] = process.argv.slice(2);
// A name of its own for each run: what is stored is not replaced.
const snapshot = {
  name: `run-${process.pid}`,
  guid: '1',
  createtxg: '1',
  createdAt: new Date(),
  referencedBytes: 0,
};
const source = {
  readDataset: async () => ({ snapshots: [snapshot], writtenBytes: 0 }),
  estimate: async () => undefined,
  send: (_step, options) => readProcess(['cat', file], options),
  sendCommand: () => ['cat', file],
};
const store = await openStore(`s3://${bucket}`, { endpoint });
const filter = createFilterRegistry().find('zstd');
await backup({
  store,
  source,
  dataset: 'bench/corpus',
  filter,
  mode: 'full',
  concurrency: 4,
  partBytes: 16 * 1024 ** 2,
});
store.close();
