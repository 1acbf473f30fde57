import { defineConfig } from 'vitest/config';

/** The ZFS part of `test-s3/`, as it runs inside the VM: no S3 server, one process after the other. */
// biome-ignore lint/style/noDefaultExport: vitest wants it
export default defineConfig({
  test: {
    include: ['test-s3/zfs/**/*.test.ts', 'test-s3/main/**/*.test.ts'],
    globalSetup: ['test-s3/setup/zfs.ts'],
    fileParallelism: false,
    // the CPU is emulated, and another VM may be at work
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
