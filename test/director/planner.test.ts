// Plans one after the other: each is what it would be alone, and what did not change is the same object.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Configuration } from '../../src/config/model.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { rereadConfiguration } from '../../src/config/reread.ts';
import { changesNothing, difference } from '../../src/director/difference.ts';
import { planElector } from '../../src/director/plan.ts';
import { planConfiguration } from '../../src/director/plan-document.ts';
import { Planner } from '../../src/director/planner.ts';
import { manyServices } from '../bench/services.ts';
import { planNotify } from './notify-plan.ts';
import { planArbitrary } from './plans.ts';

const read = (text: string) => readConfiguration([{ name: 'x', text }]);

/** The first one as it was read, the second as the first with what is another. */
function reread(before: string, after: string): [Configuration, Configuration] {
  const { configuration, former } = read(before);
  const again = rereadConfiguration(former!, [{ name: 'x', text: after }], {});
  return [configuration, again!.configuration];
}

const USUAL = manyServices(3, { isChecked: true, more: 0 });
const SERVICE = 'virtual_server 10.100.0.2 80 {\n';
const AFTER: readonly [string, string][] = [
  ['nothing', USUAL],
  ['a comment', USUAL.replace(SERVICE, `# mine\n${SERVICE}`)],
  ['one server more', manyServices(3, { isChecked: true, more: 1 })],
  ['another weight', USUAL.replace(/weight 1\n/, 'weight 2\n')],
  ['another program', USUAL.replace(SERVICE, `${SERVICE}    quorum_up "/bin/true"\n`)],
  ['another interval of checks', USUAL.replace('delay_loop 6', 'delay_loop 5')],
  ['ha_suspend', USUAL.replace(SERVICE, `${SERVICE}    ha_suspend\n`)],
];

test.each(AFTER)('after a reload with %s a plan is as from the start', (_, text) => {
  const planner = new Planner('salt');
  const [before, after] = reread(USUAL, text);
  const old = planner.plan(before);
  const plan = planner.plan(after);
  expect(old).toEqual(planConfiguration(read(USUAL).configuration, 'salt'));
  expect(plan).toEqual(planConfiguration(read(text).configuration, 'salt'));
  expect(planner.notify(after, plan.notify)).toEqual(planNotify(after));
  for (const holder of ['kernel', 'engine'] as const)
    expect(planner.elector(after, holder)).toEqual(planElector(after, holder));
  expect(changesNothing(old, plan)).toBe(difference(old, plan).changes.length === 0);
});

test('pools, targets and all that is not of virtual servers stay the same objects', () => {
  const planner = new Planner('salt');
  const [before, after] = reread(USUAL, manyServices(3, { isChecked: true, more: 1 })).map((configuration) =>
    planner.plan(configuration),
  );
  const same = [...after!.pools].filter(([name, pool]) => before!.pools.get(name) === pool);
  expect(same.map(([name]) => name)).toEqual(['TCP 10.100.0.1:80', 'TCP 10.100.0.2:80']);
  expect(after!.targets.filter((target) => before!.targets.includes(target))).toHaveLength(4);
  expect(after!.elector).toBe(before!.elector);
});

test('another global setting is a new plan', () => {
  const planner = new Planner('salt');
  const [one, other] = [USUAL, USUAL.replace('priority 150', 'priority 100')].map((text) => {
    const { configuration } = read(text);
    expect(planner.plan(configuration)).toEqual(planConfiguration(configuration, 'salt'));
    return planner.elector(configuration, 'kernel');
  });
  expect(one!.instances[0]!.priority).toBe(150);
  expect(other!.instances[0]!.priority).toBe(100);
});

test('to compare what is another object is to compare all', () => {
  const counts = { same: 0, other: 0 };
  fc.assert(
    fc.property(planArbitrary, planArbitrary, fc.array(fc.boolean(), { minLength: 8 }), (one, two, takes) => {
      // Parts of the one in the other, as the same objects.
      const mixed = {
        ...two,
        ...(takes[0] ? one : {}),
        ...(takes[1] ? { elector: one.elector, trackers: one.trackers, notify: one.notify } : {}),
        ...(takes[2] ? { pools: one.pools, targets: one.targets } : {}),
        ...(takes[3] ? { policies: one.policies, suspensions: one.suspensions } : {}),
      };
      const isSame = difference(one, mixed).changes.length === 0;
      counts[isSame ? 'same' : 'other'] += 1;
      expect(changesNothing(one, mixed)).toBe(isSame);
    }),
    { numRuns: 300 },
  );
  console.log(JSON.stringify(counts));
  expect(Math.min(counts.same, counts.other)).toBeGreaterThan(20);
});
