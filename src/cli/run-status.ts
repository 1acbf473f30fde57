import { status, statusOfStore } from '../status.ts';
import type { CommandCall } from './program.ts';
import { printJson, statusJson, storeStatusJson } from './render-json.ts';
import { renderStatus, renderStoreStatus } from './render-status.ts';
import { withSession } from './session.ts';

const BROKEN = 3;

export function runStatus(call: CommandCall): Promise<number> {
  const json = call.arguments.flag('json');
  const { style } = call.stdout;
  return withSession(call, async ({ config, context, logger }) => {
    const { store, source } = context;
    const options = { store, source, logger, signal: call.signal, snapshotPrefix: config.snapshotPrefix };
    if (config.dataset === undefined) {
      const report = await statusOfStore(options);
      await call.print(json ? printJson(storeStatusJson(report)) : renderStoreStatus(report, style));
      return report.datasets.some(({ broken }) => broken > 0) ? BROKEN : 0;
    }
    const report = await status({ ...options, dataset: config.dataset });
    await call.print(json ? printJson(statusJson(report)) : renderStatus(report, style));
    return report.summary.broken.length > 0 ? BROKEN : 0;
  });
}
