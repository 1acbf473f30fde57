import { CONFIG_FILES, SCHEMA, type Schema, type Setting } from './schema.ts';

/**
 * The text of `sample.conf`. Prose has a blank after its `#`, a setting has none: taking that one `#` off
 * switches the setting on.
 */
export function renderSampleConf(schema: Schema = SCHEMA): string {
  const lines = [
    '# Configuration of zfs3backup. A setting is switched on by taking off the # right in front of it; what',
    '# stands there is its default, or an example where there is none. A flag or an environment variable wins',
    `# over this file. It is read from ${CONFIG_FILES[0]} unless --config or ZFS3BACKUP_CONFIG`,
    '# names another one. Generated from the schema: see docs/configuration.md for all there is to know.',
    '',
    '[main]',
  ];
  let group = '';
  for (const [key, setting] of Object.entries(schema)) {
    if (setting.group !== group) lines.push('', `# --- ${setting.group} ---`);
    group = setting.group;
    lines.push(
      '',
      `# ${setting.help}`,
      ...remarksOn(setting),
      `#${key}=${setting.default ?? setting.example ?? ''}`,
    );
  }
  lines.push('', '# --- Sections ---', '', '# What holds for one dataset only.', '#[fs:tank/data]');
  for (const [key, setting] of Object.entries(schema)) {
    if (setting.perDataset) lines.push(`#${key}=${setting.default ?? setting.example ?? ''}`);
  }
  lines.push(
    '',
    '# A compressor of your own, for COMPRESSOR=xz: two programs with their arguments, run without a shell.',
    '#[compressor:xz]',
    '#compress=xz -T0 -c',
    '#decompress=xz -d -c',
    '',
    '# An encryptor of your own, for ENCRYPTOR=rage.',
    '#[filter:rage]',
    '#encode=rage --encrypt --recipients-file /etc/zfs3backup/age-recipients',
    '#decode=rage --decrypt --identity /root/age-identity.txt',
  );
  return `${lines.join('\n')}\n`;
}

function remarksOn(setting: Setting): readonly string[] {
  return [
    ...(setting.choices === undefined ? [] : [`# One of: ${setting.choices.join(', ')}.`]),
    ...(setting.default === undefined ? [`# Without it: ${setting.without ?? 'nothing'}.`] : []),
  ];
}

/** The table of `docs/configuration.md`. */
export function renderSettingsTable(schema: Schema = SCHEMA): string {
  const rows = Object.entries(schema).map(([key, setting]) => {
    const choices = setting.choices === undefined ? '' : ` One of ${setting.choices.map(code).join(', ')}.`;
    const fallback = setting.default === undefined ? `(${setting.without ?? ''})` : code(setting.default);
    return [
      code(key),
      setting.flag === undefined
        ? ''
        : [setting.flag, ...(setting.aliases ?? [])].map((flag) => code(`--${flag}`)).join(', '),
      [...setting.environment, ...(setting.lastEnvironment ?? [])].map(code).join(', '),
      setting.perDataset ? 'yes' : '',
      fallback,
      `${setting.help}${choices}`,
    ];
  });
  const header = ['Key', 'Flag', 'Environment', 'Per dataset', 'Default', 'Meaning'];
  const table = [header, header.map(() => '---'), ...rows];
  return table
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
