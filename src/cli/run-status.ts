import { readDeleted } from '../reading/read-deleted.ts';
import { status, statusOfStore } from '../status.ts';
import type { CommandCall } from './program.ts';
import { printJson, statusJson, storeStatusJson } from './render-json.ts';
import { renderStatus, renderStoreStatus } from './render-status.ts';
import { deletedJson, renderDeleted } from './render-undelete.ts';
import { withSession } from './session.ts';

const BROKEN = 3;
/** As the error would have: this machine's side could not be read. */
const UNREADABLE = 1;

export function runStatus(call: CommandCall): Promise<number> {
  const { arguments: given, signal } = call;
  const { style } = call.stdout;
  return withSession(call, async ({ config, context, logger, datasets }) => {
    const { store, source } = context;
    const { dataset } = config;
    const options = { store, source, logger, signal, snapshotPrefix: config.snapshotPrefix };
    const deleted = given.flag('deleted') ? await readDeleted(store, dataset, { signal }) : undefined;
    const print = async (json: object, text: string) => {
      const more = deleted ? { deleted: deletedJson(deleted) } : {};
      if (given.flag('json')) await call.print(printJson({ ...json, ...more }));
      else await call.print(deleted ? `${text}\n${renderDeleted(deleted)}` : text);
    };
    if (dataset === undefined) {
      const report = await statusOfStore(options);
      await print(storeStatusJson(report), renderStoreStatus(report, style));
      const isBroken = report.datasets.some(({ broken, staleRecords }) => broken + staleRecords > 0);
      return statusOf(
        isBroken,
        report.datasets.some(({ local }) => local === null),
      );
    }
    const coverage = { covered: datasets, sendFlags: config.sendFlags };
    const evenIfUnknown = (deleted?.length ?? 0) > 0;
    const report = await status({ ...options, dataset, coverage, evenIfUnknown });
    await print(statusJson(report), renderStatus(report, style));
    const { broken, staleRecords } = report.summary;
    return statusOf(broken.length + staleRecords.length > 0, report.localSide === 'unreadable');
  });
}

function statusOf(isBroken: boolean, isUnreadable: boolean): number {
  if (isBroken) return BROKEN;
  return isUnreadable ? UNREADABLE : 0;
}
