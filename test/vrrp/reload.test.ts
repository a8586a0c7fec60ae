// An instance that was taken out of the file comes back while it hands over.
import { expect, test } from 'vitest';
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
