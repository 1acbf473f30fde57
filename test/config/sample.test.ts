import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFileLayers } from '../../src/config/file-layers.ts';
import type { Findings } from '../../src/config/layers.ts';
import { loadConfig } from '../../src/config/load.ts';
import { renderSampleConf, renderSettingsTable } from '../../src/config/sample.ts';
import { SCHEMA } from '../../src/config/schema.ts';

const sample = fileURLToPath(new URL('../../sample.conf', import.meta.url));
const page = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url));

// `npx vitest run test/config -u` writes both files anew.
describe('sample.conf', () => {
  it('is what the schema says', async () => {
    expect(await readFile(sample, 'utf8')).toBeTruthy();
    await expect(renderSampleConf()).toMatchFileSnapshot(sample);
  });

  it('parses without a word and changes nothing', async () => {
    const { config, warnings } = await loadConfig({ env: {}, flags: { config: sample } });
    expect(warnings).toEqual([]);
    expect(config).toEqual((await loadConfig({ env: {}, searchFiles: [] })).config);
  });

  it('parses without a problem when every setting is switched on', async ({ onTestFinished }) => {
    const folder = await mkdtemp(join(tmpdir(), 'zfs3backup-sample-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const all = renderSampleConf().replaceAll(/^#(?=\S)/gm, '');
    for (const key of Object.keys(SCHEMA)) expect(all).toMatch(new RegExp(`^${key}=.`, 'm'));
    // It excludes S3_SSE, and its file would have to be there.
    const text = all.replace(/^S3_SSE_C_KEY_FILE=.*$/m, '');
    await writeFile(`${folder}/sample.conf`, text, { mode: 0o600 });
    const { config, datasets, warnings } = await loadConfig({
      env: {},
      flags: { config: `${folder}/sample.conf` },
    });
    expect(warnings).toEqual([]);
    expect(datasets).toEqual(['tank/data']);
    expect(config.compressors).toEqual([
      { name: 'xz', compress: ['xz', '-T0', '-c'], decompress: ['xz', '-d', '-c'] },
    ]);
  });
});

describe('docs/configuration.md', () => {
  it('holds the table of the schema', async () => {
    const text = await readFile(page, 'utf8');
    const [before, rest] = text.split('<!-- settings: generated from src/config/schema.ts -->\n');
    const after = rest?.split('<!-- settings: end -->\n')[1];
    expect(after).toBeDefined();
    const whole = [
      before,
      '<!-- settings: generated from src/config/schema.ts -->\n',
      `${renderSettingsTable()}\n`,
      '<!-- settings: end -->\n',
      after,
    ].join('');
    await expect(whole).toMatchFileSnapshot(page);
  });

  it('shows lines that mean what the page says', async () => {
    const text = await readFile(page, 'utf8');
    const block = /```ini\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const findings: Findings = { problems: [], warnings: [], broken: new Set() };
    const layers = readFileLayers(block, 'page', findings);
    expect(findings).toMatchObject({ problems: [], warnings: [] });
    expect([...layers.datasets.keys()]).toEqual(['tank/my.data']);
    expect(layers.compressors.map(({ name }) => name)).toEqual(['xz']);
  });
});
