// With a virtual MAC whose adverts leave with the MAC of its base: a rival's kernel may have answered what we
// announced, and the switch believed it, so the link is told once more.
import { expect, test } from 'vitest';
import { step } from '../../src/vrrp/machine.ts';
import type { Effect, Event, Own, Router } from '../../src/vrrp/router.ts';

const OWN: Own = {
  priority: 150,
  version: 3,
  advertMs: 1000,
  downAdverts: 3,
  initialState: 'BACKUP',
  preempt: true,
  preemptDelayMs: 0,
  garp: { delayMs: 0, repeat: 5, refreshMs: 0, refreshRepeat: 1 },
};
const device = { name: 'vrrp.51', base: 'v0', mac: '00:00:5e:00:01:33', family: 4 } as const;
const ON_BASE: Own = { ...OWN, vmac: { device, sendsOnBase: true, others: [] } };
const BACKUP: Router = { state: 'BACKUP', masterAdvertMs: 1000, patience: 'accepts', held: false };
const MASTER: Router = { state: 'MASTER' };
const SILENCE: Event = { type: 'expired', timer: 'masterDown' };
const advert = (priority: number): Event => ({
  type: 'advert',
  priority,
  intervalMs: 1000,
  higherAddress: false,
});
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
  const expired: Event = { type: 'expired', timer: 'settle' };
  expect(step(MASTER, expired, ON_BASE)[1]).toEqual([{ do: 'announce', repeat: 1 }]);
  const silent = { ...ON_BASE, garp: { ...OWN.garp, repeat: 0 } };
  expect(step(MASTER, expired, silent)[1]).toEqual([{ do: 'announce', repeat: 0 }]);
});
