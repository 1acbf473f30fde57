import type { FileLayers } from './file-layers.ts';
import { type Given, given, type Layer } from './layers.ts';
import type { ValueOf } from './parse-value.ts';
import { SCHEMA, type Setting, type SettingKey } from './schema.ts';

/** All layers: flags > environment (prefixed, then bare) > `[fs:DATASET]` > `[main]` > defaults. */
export interface Layers {
  readonly flags: Layer;
  readonly ownEnvironment: Layer;
  readonly environment: Layer;
  readonly file: FileLayers;
  readonly defaults: Layer;
  /** Keys that some layer has, with a value that could not be read. */
  readonly broken: ReadonlySet<SettingKey>;
}

/** The value that counts, and where it stands. */
export type Find = <K extends SettingKey>(key: K) => Given<ValueOf<K>> | undefined;

/** For `dataset`, with what its section says; for none, without. */
export function findIn(layers: Layers, dataset: string | undefined): Find {
  return (key) => {
    const setting: Setting = SCHEMA[key];
    const section =
      setting.perDataset && dataset !== undefined ? layers.file.datasets.get(dataset) : undefined;
    const order = [
      layers.flags,
      layers.ownEnvironment,
      layers.environment,
      section,
      layers.file.main,
      layers.defaults,
    ];
    for (const layer of order) {
      const found = given(layer, key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
