import type { VerifyPlanReport } from '../verify.ts';
import { escapeName, renderCount, renderSize } from './render-text.ts';

const DOES = { 1: 'compare with the listing', 2: 'read', 3: 'receive' } as const;

/** What would be looked at, how closely, and how many bytes that reads. */
export function renderVerifyPlan({ store, plan: { items, lost } }: VerifyPlanReport): string {
  const read = items.filter(({ level }) => level > 1);
  const bytes = read.reduce((sum, { entry }) => sum + entry.backup.storedBytes, 0);
  const lines = read.map(({ entry: { backup }, level }, at) => {
    const name = escapeName(`${backup.dataset}@${backup.snapshot}`);
    return `${at + 1}. ${DOES[level]} ${name}: ${renderSize(backup.storedBytes)}`;
  });
  const what = renderCount(items.length + lost.length, 'backup');
  const head = `Would look at ${what} of ${escapeName(store)}, and read ${renderSize(bytes)} of ${renderCount(read.length, 'object')}.`;
  return `${[head, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n')}\n`;
}
