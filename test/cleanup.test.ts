import { expect, it } from 'vitest';
import { readCleanupPlan, runCleanupPlan } from '../src/cleanup.ts';
import { listUploads } from './transfer/listed-uploads.ts';

it('takes an upload that is listed and gone for none, and drops what was left beside it', async () => {
  const { store, noteKeys, requests } = await listUploads(['ghost']);
  const plan = await readCleanupPlan({ store });
  expect(plan.items).toMatchObject([{ what: 'note', action: 'drop' }]);
  await runCleanupPlan(plan, { store });
  expect(await noteKeys()).toEqual([]);
  expect(requests.some(({ method, url }) => method === 'DELETE' && url.includes('uploadId'))).toBe(false);
});
