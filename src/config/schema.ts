/**
 * Every setting, once: its key in a file, its flag, its environment names, its type, default and help. The
 * command line, `sample.conf` and `docs/configuration.md` are made from this table; nothing repeats it.
 */

import { BACKUP_SETTINGS } from './backup-settings.ts';
import { ENCRYPTION_SETTINGS } from './encryption-settings.ts';
import { OBJECT_SETTINGS } from './object-settings.ts';
import { RETENTION_SETTINGS } from './retention-settings.ts';
import { SERVER_SETTINGS } from './server-settings.ts';
import type { Schema, Setting } from './setting.ts';
import { TRANSFER_SETTINGS } from './transfer-settings.ts';

export type { Schema, Setting, SettingType } from './setting.ts';

/** In the order of `sample.conf`. */
export const SCHEMA = {
  ...BACKUP_SETTINGS,
  ...ENCRYPTION_SETTINGS,
  ...RETENTION_SETTINGS,
  ...SERVER_SETTINGS,
  ...OBJECT_SETTINGS,
  ...TRANSFER_SETTINGS,
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SCHEMA;

/** Compressors that need no section; a section may not take their names. */
export const BUILT_IN_COMPRESSORS: readonly string[] = [
  'none',
  'zstd',
  'gzip',
  'pigz1',
  'pigz4',
  'zstd3',
  'pbzip2',
];

/** Encryptors that need no section. */
export const BUILT_IN_ENCRYPTORS: readonly string[] = ['none', 'age', 'gpg'];

/** Where a file is looked for when none was named: ours first, then the predecessors'. */
export const CONFIG_FILES: readonly string[] = [
  '/etc/zfs3backup/zfs3backup.conf',
  '/etc/zfs3backup_backup/zfs3backup.conf',
  '/etc/z3_backup/z3.conf',
];

/** A setting as an option of the command line. */
export interface Flag {
  readonly key: string;
  /** Without the dashes. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: 'string' | 'boolean';
  readonly help: string;
  readonly choices: readonly string[] | undefined;
  /** The choice that it stands for when no choice follows it. */
  readonly bare: string | undefined;
  /** What holds without it, as text; never handed to the parser, for the file comes in between. */
  readonly fallback: string | undefined;
  readonly global: boolean;
}

/** All settings that have a flag, in the order of the schema. */
export function flagsOf(schema: Schema = SCHEMA): readonly Flag[] {
  return Object.entries(schema).flatMap(([key, setting]) =>
    setting.flag === undefined
      ? []
      : [
          {
            key,
            name: setting.flag,
            aliases: setting.aliases ?? [],
            type: setting.type === 'boolean' ? 'boolean' : 'string',
            help: setting.help,
            choices: setting.choices,
            bare: setting.bare,
            fallback: setting.default ?? setting.without,
            global: setting.global === true,
          } satisfies Flag,
        ],
  );
}
