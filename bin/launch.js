import { existsSync } from 'node:fs';

const OLDEST = [20, 19];
/** By the exit status that tells of them. */
const SIGNALS = { 129: 'SIGHUP', 130: 'SIGINT', 143: 'SIGTERM' };
const PATIENCE_MS = 1000;

/** Where Debian has ZFS; cron looks neither here nor there. */
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Runs one of the programs of dist/cli/main.js on this process. */
export async function launch(name) {
  const say = (sentence) => process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return say(`This needs Node ${OLDEST.join('.')} or newer; ${process.execPath} is ${process.version}.`);
  }
  const main = new URL('../dist/cli/main.js', import.meta.url);
  if (!existsSync(main))
    return say('This checkout was not built yet: run `npm install && npm run build` in it.');
  process.env.PATH = withSbin(process.env.PATH || '/usr/bin:/bin');
  const programs = await import(main).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    say(
      `${error.message}\nPackages of this checkout are missing: run \`npm install && npm run build\` in it.`,
    );
  });
  if (!programs) return;
  const status = await programs[name]({
    argv: process.argv.slice(2),
    env: process.env,
    // Looked at by those who read it only: opening it makes a pipe non-blocking for the shell as well.
    get stdin() {
      return process.stdin;
    },
    stdinDescriptor: 0,
    stdout: process.stdout,
    stdoutDescriptor: 1,
    stderr: process.stderr,
    signals: process,
  });
  process.exitCode = status;
  const signal = SIGNALS[status];
  if (!signal) return;
  // To a shell, who dies of the signal has the same status.
  const die = () => process.kill(process.pid, signal);
  // Node aborts when it ends on a terminal that is gone.
  if (signal === 'SIGHUP') return die();
  // A write that waits for a reader keeps the process, and would keep `process.exit` as well.
  setTimeout(die, PATIENCE_MS).unref();
}

/** Behind all else, so that nothing is found elsewhere than before. */
function withSbin(path) {
  const folders = path.split(':');
  return [...folders, ...SBIN.filter((folder) => !folders.includes(folder))].join(':');
}
