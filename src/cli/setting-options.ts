import { type Flag, flagsOf, SCHEMA, type Schema } from '../config/schema.ts';
import type { OptionGroup, OptionSpec } from './program.ts';

const CHOICES_SHOWN = 24;
const VALUE_OF_TYPE: Readonly<Record<string, string>> = {
  endpoint: 'URL',
  store: 'URL',
  size: 'SIZE',
  rate: 'RATE',
  duration: 'SECONDS',
  integer: 'N',
  retention: 'RULES',
};

const settings: Schema = SCHEMA;

/** What every command takes: made from the configuration's schema, so that the two cannot differ. */
export const globalGroup: OptionGroup = {
  title: 'Configuration',
  options: [
    {
      name: 'config',
      type: 'text',
      value: 'FILE',
      help: 'The configuration file (default: $ZFS3BACKUP_CONFIG, else /etc/zfs3backup/zfs3backup.conf).',
    },
    ...flagsOf()
      .filter((flag) => flag.global)
      .map(optionOf),
  ],
};

/** The same for a program that takes whole keys: what says nothing to it is not shown. */
export function globalGroupHiding(...names: readonly string[]): OptionGroup {
  const options = globalGroup.options.map((option) =>
    names.includes(option.name) ? { ...option, isHidden: true } : option,
  );
  return { ...globalGroup, options };
}

/** Settings that some commands take, by their flags. */
export function settingOptions(...names: readonly string[]): readonly OptionSpec[] {
  const flags = new Map(flagsOf().map((flag) => [flag.name, flag]));
  return names.map((name) => {
    const flag = flags.get(name);
    if (!flag) throw new TypeError(`No setting has the flag --${name}`);
    return optionOf(flag);
  });
}

function optionOf(flag: Flag): OptionSpec {
  const { name, aliases } = flag;
  const help = flag.help + describeDefault(flag);
  if (flag.type === 'boolean') return { name, aliases, type: 'flag', help };
  const value = valueName(flag);
  const { bare, choices = [] } = flag;
  if (bare === undefined) return { name, aliases, type: 'text', value, help };
  return { name, aliases, type: 'text', value: `[${value}]`, help, optional: { bare, choices } };
}

function valueName({ key, name, choices }: Flag): string {
  const joined = choices?.join('|') ?? '';
  if (joined !== '' && joined.length <= CHOICES_SHOWN) return joined;
  const last = name.split('-').at(-1) ?? name;
  return VALUE_OF_TYPE[settings[key]?.type ?? ''] ?? last.toUpperCase();
}

function describeDefault({ key, choices, type }: Flag): string {
  const setting = settings[key];
  const long = choices && choices.join('|').length > CHOICES_SHOWN ? ` One of ${choices.join(', ')}.` : '';
  if (type === 'boolean' || setting?.default === undefined) return long;
  return `${long} Default: ${setting.default}`;
}

/** What every command that fetches objects takes. */
export function downloadOptions(): readonly OptionSpec[] {
  return settingOptions(
    'concurrency',
    'max-memory',
    'max-retries',
    'bwlimit',
    'progress',
    'progress-interval',
    'force-path-style',
  );
}

/** What every command that decrypts takes. */
export function decryptOptions(): readonly OptionSpec[] {
  return settingOptions('age-identity-file', 'gpg-home', 'gpg-passphrase-file');
}
