import { defineConfig } from 'rolldown';

/**
 * The programs, once they are compiled, in a few files: as hundreds of modules they take a quarter longer to start. Packages
 * stay what npm installs, and the library stays as it was compiled, file by file, for bundlers of others.
 */
// biome-ignore lint/style/noDefaultExport: rolldown wants it
export default defineConfig({
  input: 'dist/cli/main.js',
  platform: 'node',
  external: (id) => !/^[./]/.test(id),
  output: { dir: 'dist/cli', format: 'esm', cleanDir: true },
});
