// Preloaded into a program that works on a directory: kills it, as `kill -9` does, at the removal of a number that it
// is told, before the file is gone or after.
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [number, moment] = process.env.KILL_AT.split(' ');
const { unlink } = promises;
let seen = 0;
promises.unlink = async (path, ...rest) => {
  const isObject = !path.includes('.zfs3backup') && !path.endsWith('%');
  seen += isObject ? 1 : 0;
  const isNow = isObject && seen === Number(number);
  if (isNow && moment === 'before') process.kill(process.pid, 'SIGKILL');
  await unlink(path, ...rest);
  if (isNow) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();
