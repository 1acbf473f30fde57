// npm run bench -- [compare|sweep|latency|length|compress|inspect|rgw|status] [--rounds N] [--size MIB] [--only TEXT]; see README.md
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findClients, versions } from './clients.mjs';
import { prepare } from './machine.mjs';
import { runRounds } from './rounds.mjs';
import { benchStatus } from './status.mjs';
import { SUITES } from './suites.mjs';
import { renderTables } from './table.mjs';

const PEERS = ['s5cmd', 'lib-storage', 'aws cli', 'rclone'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    size: { type: 'string', default: '1024' },
    only: { type: 'string', default: '' },
    backups: { type: 'string', default: '10000' },
  },
});
const [name = 'compare'] = positionals;
if (name === 'status') {
  await benchStatus(Number(values.backups));
  process.exit(0);
}
const suite = SUITES[name];
if (!suite) {
  console.error(`there is no suite ${name}; suites are: ${Object.keys(SUITES).join(' ')} status`);
  process.exit(2);
}

prepare();
const clients = findClients();
const { cases: all, close } = await suite({ clients, bytes: Number(values.size) * 1024 ** 2 });
const cases = all.filter(({ group, name: client }) => `${group} ${client}`.includes(values.only));
try {
  const samples = await runRounds(cases, Number(values.rounds));
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, ${values.size} MiB,`,
  );
  console.log(`${values.rounds} rounds in turns, medians. ${versions(clients)}\n`);
  console.log(renderTables(samples, PEERS));
} finally {
  close();
}
