/** Runs cases in turns, so that what disturbs the machine disturbs all of them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CACHE } from './machine.mjs';

const TIMEOUT_MS = 30 * 60_000;

/**
 * @typedef {object} Case
 * @property {string} group a heading
 * @property {string} name
 * @property {readonly string[]} argv
 * @property {number} [feed] bytes for its stdin
 * @property {number} [drain] bytes that must come from its stdout
 * @property {NodeJS.ProcessEnv} env
 * @property {() => Promise<{ cpuSeconds: number }>} [stats] of the server
 */

/** @typedef {{ wall: number, cpu: number, rssMiB: number, server: number, foreign: number }} Sample */

/**
 * @param {readonly Case[]} cases
 * @returns {Promise<Map<Case, Sample[]>>} without those that failed
 */
export async function runRounds(cases, rounds) {
  const samples = new Map(cases.map((each) => [each, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const each of cases) {
      const sample = await runCase(each);
      if (sample) samples.get(each)?.push(sample);
      const told = sample ? `${sample.wall.toFixed(2)} s, CPU ${sample.cpu.toFixed(2)} s` : 'failed';
      console.error(`round ${round}/${rounds}  ${each.group}  ${each.name}  ${told}`);
    }
  }
  return samples;
}

async function runCase({ argv, feed, drain, env, stats }) {
  const before = await stats?.();
  const options = [...(feed ? ['--feed', String(feed)] : []), ...(drain ? ['--drain'] : [])];
  const run = spawnSync(join(CACHE, 'measure'), [...options, '--', ...argv], {
    env,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  const after = await stats?.();
  // Without --drain the client's own words stand before ours.
  const line = run.stdout.trim().split('\n').at(-1);
  const result = run.status === 0 ? JSON.parse(line) : { status: run.status };
  if (result.status !== 0 || (drain && result.drained !== drain)) {
    console.error(`  ${argv.join(' ')}\n  ${run.stderr.trim().split('\n').slice(-3).join('\n  ')}`);
    return undefined;
  }
  const server = after ? after.cpuSeconds - before.cpuSeconds : 0;
  const foreign = Math.max(0, result.otherCpu - server);
  return { wall: result.wall, cpu: result.cpu, rssMiB: result.rssMiB, server, foreign };
}
