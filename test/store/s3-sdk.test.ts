import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { S3Client } from '../../src/store/s3-sdk.ts';

it("says nothing of the Node that it runs on, without a word in the process's environment", async () => {
  expect(process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED']).toBeUndefined();
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  new S3Client({ region: 'us-east-1' }).destroy();
  await setImmediate();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
