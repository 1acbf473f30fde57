// Writes src/inspect/fletcher4-module.ts from fletcher4.wat: node scripts/assemble-fletcher4.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wabtModule from 'wabt';

const FOLDER = join(import.meta.dirname, '../src/inspect');
const COLUMNS = 100;

const wabt = await wabtModule();
const source = readFileSync(join(FOLDER, 'fletcher4.wat'), 'utf8');
const { buffer } = wabt.parseWat('fletcher4.wat', source, { simd: true, threads: true }).toBinary({});
const text = Buffer.from(buffer).toString('base64');
const lines = text.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
const joined = lines.map((line) => `'${line}'`).join(' +\n  ');
writeFileSync(
  join(FOLDER, 'fletcher4-module.ts'),
  `/** fletcher4.wat, assembled by scripts/assemble-fletcher4.mjs, in base64. */\nexport const FLETCHER4_MODULE =\n  ${joined};\n`,
);
