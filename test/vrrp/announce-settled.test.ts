// With a virtual MAC whose adverts leave with the MAC of its base: a rival's kernel may have answered what we
// announced, and the switch believed it, so the link is told once more.
import { expect, test } from 'vitest';
import { step } from '../../src/vrrp/machine.ts';
import type { Effect, Event, Own, Router } from '../../src/vrrp/router.ts';
import { advert, expired, OWN, SILENCE } from './play.ts';

const device = { name: 'vrrp.51', base: 'v0', mac: '00:00:5e:00:01:33', family: 4 } as const;
const ON_BASE: Own = { ...OWN, vmac: { device, sendsOnBase: true, others: [] } };
const BACKUP: Router = {
  state: 'BACKUP',
  masterAdvertMs: 1000,
  patience: 'accepts',
  connections: 'accepts',
  held: false,
};
const MASTER: Router = { state: 'MASTER' };
const settled = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.do === 'arm' && effect.timer === 'settle' ? [effect.ms] : []));

test.each<[string, Router, Event]>([
  ['becomes master', BACKUP, SILENCE],
  ['hears a worse master', MASTER, advert(100)],
  ['hears a master resign', MASTER, advert(0)],
])('who %s looks 60 ms ahead', (_, router, event) => {
  expect(settled(step(router, event, ON_BASE)[1])).toEqual([60]);
  expect(settled(step(router, event, OWN)[1])).toEqual([]);
});

test('who is silent to a worse master waits for its own beat first', () => {
  expect(settled(step(MASTER, advert(100), { ...ON_BASE, silentToLower: true })[1])).toEqual([1060]);
});

test('then each address is told once, unless none is to be told', () => {
  expect(step(MASTER, expired('settle'), ON_BASE)[1]).toEqual([{ do: 'announce', repeat: 1 }]);
  const silent = { ...ON_BASE, garp: { ...OWN.garp, repeat: 0 } };
  expect(step(MASTER, expired('settle'), silent)[1]).toEqual([{ do: 'announce', repeat: 0 }]);
});
