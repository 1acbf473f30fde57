import { Zfs3BackupError } from '../errors.ts';
import { assertSecure, readSseCKey } from '../store/s3-sse-c.ts';
import type { Config } from './config.ts';
import { findIn, type Layers } from './find-setting.ts';
import type { Findings } from './layers.ts';

/** Whether the key of SSE-C can be had, told beside all else that is wrong; it is read again when the store is opened. */
export async function checkKeyFile(config: Config, layers: Layers, findings: Findings): Promise<void> {
  const given = findIn(layers, config.dataset)('S3_SSE_C_KEY_FILE');
  if (given === undefined || config.store?.kind !== 's3') return;
  try {
    assertSecure(config.endpoint);
    await readSseCKey(given.value);
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    const message = [error.message, error.advice].filter(Boolean).join('. ');
    findings.problems.push({ where: given.where, message });
  }
}
