import { defineConfig } from 'vitest/config';

const MINUTES = 60_000;

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'lcov'] },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          // vitest leaves one CPU free, of two half; these tests wait as much as they compute
          maxWorkers: '100%',
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 's3',
          include: ['test-s3/**/*.test.ts'],
          globalSetup: ['test-s3/setup/s3-server.ts', 'test-s3/setup/zfs.ts'],
          // One server and a few cores: files that run at once would time each other out.
          fileParallelism: false,
          testTimeout: 2 * MINUTES,
          hookTimeout: 5 * MINUTES,
        },
      },
    ],
  },
});
