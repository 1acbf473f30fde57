import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backup, Lineage } from '../../src/lineage/backup.ts';
import { identityOf } from '../../src/lineage/deletions.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { linkEntries } from '../../src/lineage/parents.ts';
import { planDelete } from '../../src/lineage/plan-delete.ts';
import { planRetention } from '../../src/lineage/plan-retention.ts';
import { parseRetention } from '../../src/lineage/retention.ts';
import type { Snapshot } from '../../src/lineage/snapshot.ts';
import { DATASET, parseBackup } from './situation.ts';

const HOUR = 3_600_000;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

/** Any parents: chains and branches, but also what is lost, circles, and guids that contradict the names. */
const backup = fc
  .record({
    name: fc.constantFrom(...NAMES),
    parent: fc.option(fc.constantFrom(...NAMES, 'gone', '?'), { nil: undefined }),
    guid: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    parentGuid: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    hour: fc.integer({ min: 0, max: 5_000 }),
    taken: fc.option(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.constant(Number.NaN)), {
      nil: undefined,
    }),
  })
  .map(({ name, parent, guid, parentGuid, hour, taken }): Backup => {
    const own = guid === undefined ? '' : `,${guid}`;
    const link = parent === undefined ? '(full)' : `<${parent}`;
    const other = parentGuid === undefined || parent === undefined ? '' : `,${parentGuid}`;
    const stored = parseBackup(`${name}${own}${link}${other}~${hour}`);
    return taken === undefined ? stored : { ...stored, snapshotCreatedAt: new Date(taken * HOUR) };
  });
const lineage = fc
  .uniqueArray(backup, { maxLength: 10, selector: ({ snapshot }) => snapshot })
  .map((backups) => buildLineage(DATASET, backups));

const unit = fc.constantFrom('min', 'h', 'd', 'w', 'm', 'y');
const rule = fc
  .tuple(fc.integer({ min: 1, max: 20 }), unit, fc.integer({ min: 1, max: 20 }), unit)
  .map(([every, one, during, other]) => `${every}${one}${during}${other}`)
  .filter((text) => {
    try {
      return parseRetention(text) !== undefined;
    } catch {
      return false;
    }
  });
const rules = fc
  .tuple(fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }), fc.array(rule, { maxLength: 4 }))
  .filter(([newest, periods]) => newest !== undefined || periods.length > 0)
  .map(([newest, periods]) => parseRetention([newest ?? [], periods].flat().join(',')));

const local = fc.uniqueArray(
  fc
    .record({ name: fc.constantFrom(...NAMES), guid: fc.integer({ min: 1, max: 6 }) })
    .map(({ name, guid }, at = 0): Snapshot => {
      const createtxg = String(guid * 10 + Number(at));
      return { name, guid: String(guid), createtxg, createdAt: new Date(0), referencedBytes: 1 };
    }),
  { maxLength: 4, selector: ({ name }) => name },
);
const held = fc.dictionary(fc.constantFrom(...NAMES), fc.constant('held'), { maxKeys: 2 });
const request = fc
  .record({ lineage, rules, hour: fc.integer({ min: 0, max: 6_000 }), local, held })
  .map(({ hour, held: reasons, ...rest }) => ({
    ...rest,
    now: new Date(hour * HOUR),
    held: new Map(Object.entries(reasons)),
  }));

const healthsOf = ({ entries }: Lineage) =>
  new Map(entries.map(({ backup: { snapshot }, health }) => [snapshot, health]));

/** After each prefix of the list, each backup that is left fares as it did. */
function expectWholeChains(before: Lineage, deletions: readonly Backup[]): void {
  const healths = healthsOf(before);
  for (let done = 0; done <= deletions.length; done += 1) {
    const gone = new Set(deletions.slice(0, done));
    const left = before.entries.map((entry) => entry.backup).filter((each) => !gone.has(each));
    for (const [name, health] of healthsOf(buildLineage(DATASET, left))) {
      expect([name, health]).toEqual([name, healths.get(name)]);
    }
  }
}

describe('a plan of what to keep, for any lineage and any rules', () => {
  it('keeps what a kept backup descends from', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { items } = planRetention(asked);
        const kept = new Set(items.filter(({ action }) => action === 'keep').map(({ entry }) => entry));
        const parentOf = linkEntries(asked.lineage);
        for (const entry of kept) {
          const parent = parentOf(entry);
          if (parent) expect(kept).toContain(parent);
        }
      }),
    );
  });

  it('leaves whole chains, wherever it is cut off', () => {
    fc.assert(
      fc.property(request, (asked) => expectWholeChains(asked.lineage, planRetention(asked).deletions)),
    );
  });

  it('keeps the newest that can be restored, and all that cannot', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { items } = planRetention(asked);
        const known = items.filter(({ entry }) => entry.health === 'ok');
        const timesOf = (some: typeof items) =>
          some
            .map(({ entry: { backup: each } }) => (each.snapshotCreatedAt ?? each.storedAt).getTime())
            .filter((ms) => !Number.isNaN(ms));
        const kept = known.filter(({ action }) => action === 'keep');
        if (known.length > 0) expect(kept).not.toEqual([]);
        if (timesOf(known).length > 0) expect(timesOf(kept)).toContain(Math.max(...timesOf(known)));
        for (const { entry, action } of items) if (entry.health !== 'ok') expect(action).toBe('keep');
      }),
    );
  });

  it('keeps what is held, and the newest as many as were asked for', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const gone = new Set(planRetention(asked).deletions.map(({ snapshot }) => snapshot));
        for (const name of asked.held.keys()) expect(gone).not.toContain(name);
        const healthy = asked.lineage.entries.filter(({ health }) => health === 'ok').length;
        expect(healthy - gone.size).toBeGreaterThanOrEqual(Math.min(healthy, asked.rules.newest));
      }),
    );
  });

  it('says of each backup, once, what becomes of it and why', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { items, deletions } = planRetention(asked);
        expect(items.map(({ entry }) => entry)).toEqual(asked.lineage.entries);
        for (const { reasons } of items) expect(reasons.length).toBeGreaterThan(0);
        const gone = items.filter(({ action }) => action === 'delete').map(({ entry }) => entry.backup);
        expect(new Set(deletions)).toEqual(new Set(gone));
        expect(deletions).toHaveLength(gone.length);
      }),
    );
  });

  it('is the same however the store lists its objects', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const reversed = asked.lineage.entries.map((entry) => entry.backup).reverse();
        const other = planRetention({ ...asked, lineage: buildLineage(DATASET, reversed) });
        expect(other).toEqual(planRetention(asked));
      }),
    );
  });

  it('gives up no more when it is made again afterwards', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { deletions } = planRetention(asked);
        const left = asked.lineage.entries
          .map((entry) => entry.backup)
          .filter((each) => !deletions.includes(each));
        expect(planRetention({ ...asked, lineage: buildLineage(DATASET, left) }).deletions).toEqual([]);
      }),
    );
  });

  it('touches nothing that was not agreed on, and leaves whole chains then, too', () => {
    fc.assert(
      fc.property(request, fc.subarray(NAMES), (asked, names) => {
        const agreed = new Set(
          asked.lineage.entries
            .filter(({ backup: { snapshot } }) => names.includes(snapshot))
            .map((entry) => identityOf(entry.backup)),
        );
        const { deletions } = planRetention({ ...asked, agreed });
        for (const each of deletions) expect(agreed).toContain(identityOf(each));
        expectWholeChains(asked.lineage, deletions);
      }),
    );
  });
});

describe('a plan to delete by name, for any lineage', () => {
  const named = fc.record({
    lineage,
    names: fc.subarray(NAMES, { minLength: 1 }),
    withChildren: fc.boolean(),
    force: fc.boolean(),
    held: held.map((reasons) => new Map(Object.entries(reasons))),
  });

  it('leaves whole chains, wherever it is cut off', () => {
    fc.assert(
      fc.property(named, (asked) => {
        const plan = planDelete(asked);
        if (plan.kind !== 'plan') return;
        const healthy = asked.lineage.entries.filter(({ health }) => health === 'ok');
        const gone = new Set(plan.deletions);
        expectHealthyWhole(asked.lineage, plan.deletions);
        for (const name of asked.names) expect([...gone].map(({ snapshot }) => snapshot)).toContain(name);
        if (!asked.withChildren) expect(gone.size).toBe(asked.names.length);
        if (!asked.force && healthy.length > 0) {
          expect(healthy.some((entry) => !gone.has(entry.backup))).toBe(true);
        }
        for (const name of asked.held.keys()) expect(asked.names).not.toContain(name);
      }),
    );
  });
});

/** What is broken may be deleted by name, circles included; what can be restored stays so until it is its turn. */
function expectHealthyWhole(before: Lineage, deletions: readonly Backup[]): void {
  const healths = healthsOf(before);
  for (let done = 0; done <= deletions.length; done += 1) {
    const gone = new Set(deletions.slice(0, done));
    const left = before.entries.map((entry) => entry.backup).filter((each) => !gone.has(each));
    for (const [name, health] of healthsOf(buildLineage(DATASET, left))) {
      if (healths.get(name) === 'ok') expect([name, health]).toEqual([name, 'ok']);
    }
  }
}

it('does not take what is not as recorded for a backup that is left', () => {
  const backups = ['a(full)', 'b(full){stale=yes}', 'c<b'].map(parseBackup);
  const asked = { lineage: buildLineage(DATASET, backups), withChildren: false, held: new Map() };
  expect(planDelete({ ...asked, names: ['a'], force: false })).toMatchObject({
    kind: 'last-chain',
    snapshot: 'a',
  });
  expect(planDelete({ ...asked, names: ['a'], force: true }).kind).toBe('plan');
  expect(planDelete({ ...asked, names: ['c'], force: false }).kind).toBe('plan');
});
