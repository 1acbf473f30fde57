import { symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { createTestFolder } from '../test-folder.ts';

export type Program = 'zfs3backup' | 'pput' | 'zfs3backup_get' | 'zfs3backup_ssh_sync';

export interface Outcome {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cli {
  /** The environment that the programs run in. */
  readonly env: Readonly<Record<string, string>>;
  run(program: Program, ...args: readonly string[]): Promise<Outcome>;
  zfs3backup(...args: readonly string[]): Promise<Outcome>;
  /** A line as a person types it, with the programs on PATH. */
  shell(line: string): Promise<Outcome>;
  /** The same programs with a program of this name before the real one on PATH. */
  withProgram(name: string, script: string): Promise<Cli>;
  /** As on a machine without ZFS: what is on PATH, or in the folders behind it, is hidden. */
  withoutZfs(): Promise<Cli>;
  with(env: Readonly<Record<string, string>>): Cli;
}

/** Whatever a test is about: nothing that is printed holds a secret of the environment. */
function refuseSecrets(env: Readonly<Record<string, string>>, printed: string): void {
  for (const [name, value] of Object.entries(env)) {
    if (/SECRET|TOKEN|PASSWORD/.test(name) && value.length > 7 && printed.includes(value)) {
      throw new Error(`the value of ${name} was printed`);
    }
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS: readonly Program[] = ['zfs3backup', 'pput', 'zfs3backup_get', 'zfs3backup_ssh_sync'];

/** The built programs, as real processes, with nothing of the tester's own configuration. */
export async function createCli(env: Readonly<Record<string, string>>): Promise<Cli> {
  const folder = await createTestFolder('bin');
  for (const program of PROGRAMS) await symlink(join(ROOT, 'bin', `${program}.js`), join(folder, program));
  return cliOf({ PATH: [folder, process.env['PATH']].join(delimiter), SKIP_CONFIG_FILE: 'true', ...env });
}

function cliOf(env: Readonly<Record<string, string>>): Cli {
  async function execute(file: string, args: readonly string[]): Promise<Outcome> {
    const options = { env: { HOME: '/nonexistent', ...env }, extendEnv: false, reject: false } as const;
    const { exitCode, stdout, stderr } = await execa(file, args, { ...options, stdin: 'ignore' });
    refuseSecrets(env, stdout + stderr);
    return { status: exitCode, stdout, stderr };
  }
  const run = (program: Program, ...args: readonly string[]) =>
    execute(process.execPath, [join(ROOT, 'bin', `${program}.js`), ...args]);
  async function withProgram(name: string, script: string): Promise<Cli> {
    const folder = await createTestFolder('path');
    await writeFile(join(folder, name), script, { mode: 0o755 });
    return cliOf({ ...env, PATH: [folder, env['PATH']].join(delimiter) });
  }
  return {
    env,
    run,
    zfs3backup: (...args) => run('zfs3backup', ...args),
    shell: (line) => execute('bash', ['-o', 'pipefail', '-c', line]),
    withProgram,
    // a shell's status for a program that is not there
    withoutZfs: () => withProgram('zfs', '#!/bin/sh\nexit 127\n'),
    with: (more) => cliOf({ ...env, ...more }),
  };
}
