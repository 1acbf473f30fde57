import type { Encryption } from '../filters/registry.ts';
import type { FileLayers } from './file-layers.ts';
import { type Find, findIn, type Layers } from './find-setting.ts';
import { type Findings, given, type Layer } from './layers.ts';
import { nearest, withoutNone } from './nearest.ts';
import { BUILT_IN_ENCRYPTORS } from './schema.ts';

export function resolveEncryptor(find: Find): string {
  const name = find('ENCRYPTOR')?.value ?? 'none';
  return name.toLowerCase() === 'none' ? 'none' : name;
}

export function resolveEncryption(find: Find, { filters }: FileLayers): Encryption {
  const recipientsFile = find('AGE_RECIPIENTS_FILE')?.value;
  const identityFile = find('AGE_IDENTITY_FILE')?.value;
  const home = find('GPG_HOME')?.value;
  const passphraseFile = find('GPG_PASSPHRASE_FILE')?.value;
  return {
    age: {
      recipients: find('AGE_RECIPIENTS')?.value ?? [],
      ...(recipientsFile === undefined ? {} : { recipientsFile }),
      ...(identityFile === undefined ? {} : { identityFile }),
    },
    gpg: {
      recipients: gpgRecipients(find),
      ...(home === undefined ? {} : { home }),
      ...(passphraseFile === undefined ? {} : { passphraseFile }),
    },
    external: filters,
  };
}

/** The older word says nothing any more where the newer one stands. */
function gpgRecipients(find: Find): readonly string[] {
  const one = find('GPG_KEYID')?.value;
  return find('GPG_RECIPIENTS')?.value ?? (one === undefined ? [] : [one]);
}

/** What would fail or give a secret away, at every layer and for every dataset that may be worked on. */
export function checkEncryption(layers: Layers, findings: Findings): void {
  const { flags, ownEnvironment, environment, file } = layers;
  const known = [...BUILT_IN_ENCRYPTORS, ...file.filters.map(({ name }) => name)];
  for (const layer of [flags, ownEnvironment, environment, ...file.datasets.values(), file.main]) {
    checkName(layer, known, findings);
    checkKeys(layer, findings);
  }
  const { dataset } = { dataset: findIn(layers, undefined)('FILESYSTEM')?.value };
  const sections = [...file.datasets.keys()];
  const datasets = dataset !== undefined ? [dataset] : sections.length > 0 ? sections : [undefined];
  const told = new Set<string>();
  for (const one of datasets) {
    const problem = missingRecipients(findIn(layers, one), layers);
    if (problem === undefined || told.has(problem.where)) continue;
    told.add(problem.where);
    findings.problems.push(problem);
  }
}

function checkName(layer: Layer, known: readonly string[], findings: Findings): void {
  const encryptor = given(layer, 'ENCRYPTOR');
  if (encryptor === undefined) return;
  const { value, where } = encryptor;
  if (value.toLowerCase() === 'none' || known.includes(value)) return;
  const message =
    `unknown encryptor ${value}; the nearest known one is ${nearest(value, withoutNone(known))}` +
    ` (a [filter:${value}] section with encode= and decode= would define it)`;
  findings.problems.push({ where, message });
}

const FILES = ['AGE_RECIPIENTS_FILE', 'AGE_IDENTITY_FILE', 'GPG_PASSPHRASE_FILE'] as const;

function checkKeys(layer: Layer, findings: Findings): void {
  const recipients = given(layer, 'AGE_RECIPIENTS');
  // Never repeated: what is wrong with them may be that they are secret.
  if (recipients?.value.some((recipient) => /AGE-(SECRET-KEY|PLUGIN)-/i.test(recipient))) {
    const message = 'AGE_RECIPIENTS holds a private key: a recipient begins with age1 or ssh-';
    findings.problems.push({ where: recipients.where, message });
  }
  if (recipients?.value.some((recipient) => /^age1\S*\s/.test(recipient))) {
    const message = 'AGE_RECIPIENTS: two keys are within one pair of quotes, which only SSH keys need';
    findings.problems.push({ where: recipients.where, message });
  }
  for (const key of FILES) {
    const file = given(layer, key);
    // Their programs would take it from stdin, where the backup comes.
    if (file?.value === '-') findings.problems.push({ where: file.where, message: `${key}: - is no file` });
  }
}

/** A backup that nobody can decrypt is refused before it is made. */
function missingRecipients(find: Find, { broken }: Layers) {
  const encryptor = find('ENCRYPTOR');
  const hasAge = ['AGE_RECIPIENTS', 'AGE_RECIPIENTS_FILE'] as const;
  const hasGpg = ['GPG_RECIPIENTS', 'GPG_KEYID'] as const;
  const keys = encryptor?.value === 'age' ? hasAge : encryptor?.value === 'gpg' ? hasGpg : undefined;
  if (encryptor === undefined || keys === undefined) return undefined;
  const isThere = keys.some((key) => broken.has(key) || (find(key)?.value.length ?? 0) > 0);
  if (isThere) return undefined;
  const message = `ENCRYPTOR=${encryptor.value} needs ${keys.join(' or ')}: whom to encrypt for`;
  return { where: encryptor.where, message };
}
