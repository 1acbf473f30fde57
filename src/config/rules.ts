import { findIn, type Layers } from './find-setting.ts';
import { type Findings, type Given, given, type Layer, RANK } from './layers.ts';
import { nearest, withoutNone } from './nearest.ts';
import { checkEncryption } from './resolve-encryption.ts';
import { BUILT_IN_COMPRESSORS, BUILT_IN_ENCRYPTORS } from './schema.ts';

/** Rules that look at every layer, also at values that another layer hides: all problems are told at once. */
export function checkLayers(layers: Layers, findings: Findings): void {
  const { flags, ownEnvironment, environment, file } = layers;
  const all = [flags, ownEnvironment, environment, ...file.datasets.values(), file.main];
  const known = [...BUILT_IN_COMPRESSORS, ...[...file.compressors, ...file.filters].map(({ name }) => name)];
  for (const layer of all) {
    checkCompressor(given(layer, 'COMPRESSOR'), known, findings);
    checkSendFlags(given(layer, 'SEND_FLAGS'), findings);
  }
  checkEncryption(layers, findings);
  warnOfOverrides(environment, file.main, findings);
  warnOfUnusedProfile(layers, findings);
  warnOfMixedCredentials(layers, all, findings);
}

function checkCompressor(
  compressor: Given<string> | undefined,
  known: readonly string[],
  findings: Findings,
): void {
  if (compressor === undefined) return;
  const { value, where } = compressor;
  if (value.toLowerCase() === 'none' || known.includes(value)) return;
  findings.problems.push({
    where,
    message:
      `unknown compressor ${value}; ${suggestInstead(value, known)}` +
      ` (a [compressor:${value}] section with compress= and decompress= would define it)`,
  });
}

/** Never what would leave the backup uncompressed, or unencrypted where its name says that it encrypts. */
function suggestInstead(value: string, known: readonly string[]): string {
  const name = value.toLowerCase();
  if (!BUILT_IN_ENCRYPTORS.includes(name)) {
    return `the nearest known one is ${nearest(value, withoutNone(known))}`;
  }
  const older = name === 'gpg' ? ', which GPG_RECIPIENT of z3 does not set' : '';
  return `to encrypt write ENCRYPTOR=${name} and ${name.toUpperCase()}_RECIPIENTS${older}`;
}

/** Flags that say what is sent, or that send nothing, are the program's own. */
function checkSendFlags(flags: Given<readonly string[]> | undefined, findings: Findings): void {
  for (const flag of flags?.value ?? []) {
    const where = flags?.where ?? '';
    if (/\s/.test(flag)) {
      const message = `SEND_FLAGS: \`${flag}\` is one flag with blanks in it: leave out the quotes`;
      findings.problems.push({ where, message });
    } else if (!flag.startsWith('-')) {
      findings.problems.push({ where, message: `SEND_FLAGS: \`${flag}\` is not a flag` });
    } else if (/^-[a-zA-Z]*[ntiIS]/.test(flag) || ['--dryrun', '--saved'].includes(flag)) {
      findings.problems.push({
        where,
        message: `SEND_FLAGS: ${flag} changes what is sent, which the plan decides`,
      });
    }
  }
}

/** Names so common that the variable may be another program's. */
const COMMON_NAMES = ['ENDPOINT', 'REGION', 'PROFILE'] as const;

function warnOfOverrides(environment: Layer, main: Layer, findings: Findings): void {
  for (const key of COMMON_NAMES) {
    const variable = given(environment, key);
    const line = given(main, key);
    if (variable === undefined || line === undefined) continue;
    if (JSON.stringify(variable.value) === JSON.stringify(line.value)) continue;
    findings.warnings.push({
      where: variable.where,
      message: `wins over ${line.where}; write ZFS3BACKUP_${key} if that is meant, or unset it`,
    });
  }
}

/** One of a pair that another layer hides alone: the two that are left hardly fit each other. */
function warnOfMixedCredentials(layers: Layers, all: readonly Layer[], findings: Findings): void {
  const find = findIn(layers, undefined);
  const id = find('S3_KEY_ID');
  const secret = find('S3_SECRET');
  if (id === undefined || secret === undefined || id.rank === secret.rank) return;
  const isPair = (layer: Layer) => layer.has('S3_KEY_ID') && layer.has('S3_SECRET');
  const [upper, lower] = id.rank > secret.rank ? [id, secret] : [secret, id];
  if (!all.some((layer) => isPair(layer) && [...layer.values()].includes(lower))) return;
  const message = `hides one of a pair: S3_KEY_ID is that of ${id.where}, S3_SECRET that of ${secret.where}`;
  findings.warnings.push({ where: upper.where, message });
}

/** Keys go before a profile, wherever each is said: who names one for this run would not expect that. */
function warnOfUnusedProfile(layers: Layers, findings: Findings): void {
  const find = findIn(layers, undefined);
  const profile = find('PROFILE');
  const key = find('S3_KEY_ID');
  if (profile === undefined || key === undefined || find('S3_SECRET') === undefined) return;
  // A bare PROFILE may be another program's variable.
  if (profile.rank <= RANK.environment || profile.rank <= key.rank) return;
  const message = `is not used: S3_KEY_ID and S3_SECRET (${key.where}) go before a profile; leave them out for it`;
  findings.warnings.push({ where: profile.where, message });
}
