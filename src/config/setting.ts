/** What a setting's text is read as (`parse-value.ts`). */
export type SettingType =
  | 'string'
  | 'size'
  | 'rate'
  | 'duration'
  | 'integer'
  | 'boolean'
  | 'argv'
  | 'choice'
  | 'store'
  | 'bucket'
  | 'prefix'
  | 'dataset'
  | 'tags'
  | 'retention'
  | 'endpoint';

export interface Setting {
  readonly type: SettingType;
  /** The property of `Config` that it ends up in. */
  readonly property: string;
  /** The heading it stands under in `sample.conf`. */
  readonly group: string;
  /** One sentence. */
  readonly help: string;
  /** As text, read like a value in a file. */
  readonly default?: string;
  /** What happens without a value, where there is no default. */
  readonly without?: string;
  /** A value for `sample.conf` where there is no default. */
  readonly example?: string;
  /** Without the dashes; a secret has none, for argv is public. */
  readonly flag?: string;
  readonly aliases?: readonly string[];
  /** Whether every command takes the flag. */
  readonly global?: boolean;
  /** In the order of precedence. */
  readonly environment: readonly string[];
  /** Names that other programs share; read when no flag, no own name and no file says anything. */
  readonly lastEnvironment?: readonly string[];
  /** Whether it may stand in `[fs:DATASET]`. */
  readonly perDataset?: boolean;
  readonly secret?: boolean;
  /** What an empty value means: as if it were not there (the default), a value, or a mistake. */
  readonly empty?: 'value' | 'refused';
  readonly choices?: readonly string[];
  /** The choice that the flag stands for when no choice follows it. */
  readonly bare?: string;
  readonly min?: number;
  readonly max?: number;
}

export type Schema = Readonly<Record<string, Setting>>;
