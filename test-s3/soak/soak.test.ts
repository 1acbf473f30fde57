import { beforeAll, expect, it } from 'vitest';
import { createCli } from '../main/run-cli.ts';
import { createCliStore } from '../s3/cli-store.ts';
import { s3Server } from '../s3.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { ACTIONS, act, type Bed } from './actions.ts';
import { createInvariant } from './invariant.ts';
import { createRandom } from './random.ts';
import { createSoakedDataset } from './soaked-dataset.ts';

/** `npm run soak` does 200 from a seed of its own. */
const STEPS = Number(process.env['ZFS3BACKUP_SOAK_STEPS'] ?? 25);
const SEED = Number(process.env['ZFS3BACKUP_SOAK_SEED'] ?? 20261121);

let pool: TestPool;
let bed: Bed;
beforeAll(async () => {
  pool = await createTestPool({ megabytes: 1024 });
  const { env, store } = await createCliStore();
  const random = createRandom(SEED);
  const data = await createSoakedDataset(pool, random);
  const cli = await createCli({ ...env, FILESYSTEM: data.name, SNAPSHOT_PREFIX: 's', CHUNK_SIZE: '5M' });
  bed = { pool, endpoint: s3Server().endpoint, store, random, data, cli };
});

it(
  `after each of ${STEPS} random steps, what status calls ok can be restored (seed ${SEED})`,
  async () => {
    const invariant = createInvariant(bed);
    const log: string[] = [];
    console.log(`soak: seed ${SEED}, ${STEPS} steps`);
    try {
      for (let step = 1; step <= STEPS; step += 1) {
        const action = step <= 2 ? 'snapshot' : bed.random.weighted(ACTIONS);
        log.push(`${step}. ${action}`);
        log[step - 1] += `: ${await act(action, bed, step)}`;
        if (STEPS > 50) console.log(log[step - 1]);
        await invariant.check();
      }
    } catch (error) {
      throw new Error(`${log.join('\n')}\nseed ${SEED}, step ${log.length}: ${String(error)}`, {
        cause: error,
      });
    }
    console.log(`soak: ${invariant.restored()} restores compared`);
    // a run that never stored anything would prove nothing
    expect(invariant.restored(), log.join('\n')).toBeGreaterThan(0);
  },
  1000 * 60 * 60,
);
