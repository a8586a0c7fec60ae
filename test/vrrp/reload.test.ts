// Reloads: an instance that was taken out of the file comes back while it hands over; routes and rules that
// move from one to another.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Route } from '../../src/core/route.ts';
import type { Rule } from '../../src/core/rule.ts';
import { advertsIn, Lone } from './lone.ts';

const removes = (actions: ReturnType<Lone['pass']>) => actions.some(({ do: verb }) => verb === 'removeVips');

test('before anybody took over: it stays, and says so', () => {
  const lone = new Lone();
  lone.configure();
  lone.pass(5000);
  lone.configure([]);
  lone.pass(100);
  const actions = lone.configure();
  expect(removes(actions)).toBe(false);
  expect(advertsIn(actions).map((advert) => advert.priority)).toEqual([100]);
  expect(lone.states).toEqual(['MASTER']);
  expect(removes(lone.pass(20_000))).toBe(false);
});

test('after somebody took over: it starts anew', () => {
  const lone = new Lone();
  lone.configure();
  lone.pass(5000);
  lone.configure([]);
  lone.hear({ priority: 50 });
  expect(removes(lone.configure())).toBe(true);
  expect(lone.states).toEqual(['BACKUP']);
});

test('a route and a rule that move to another instance stay, those that nobody has any more go', () => {
  const lone = new Lone();
  const route = (to: string): Route => ({
    family: 4,
    type: 1,
    to: { address: address(to), length: 24 },
    table: 254,
    scope: 0,
    origin: 18,
  });
  const rule: Rule = { family: 4, action: 'table', table: 100, priority: 100, origin: 18 };
  const [moved, gone] = [route('10.5.0.0'), route('10.6.0.0')];
  const one = { name: 'VI_1', vrid: 51, routes: [moved, gone], rules: [rule] };
  const two = { name: 'VI_2', vrid: 52 };
  lone.configure([one, two]);
  lone.pass(5000);
  const actions = lone.configure([
    { name: 'VI_1', vrid: 51 },
    { ...two, routes: [moved], rules: [rule] },
  ]);
  const removed = actions.flatMap((action) => (action.do === 'removeRouting' ? action.routing : []));
  expect(removed).toEqual([{ routes: [gone], rules: [] }]);
  expect(actions).toContainEqual({ do: 'addRouting', routing: { routes: [moved], rules: [rule] } });
});
