// What of adverts is compared and told, and what is heard without an address of one's own.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type { Advert } from '../../src/vrrp/packet.ts';
import { LINK } from '../sim/world.ts';
import { advertsIn, Lone, noticesOf, THEIRS } from './lone.ts';

describe('skip_check_adv_addr', () => {
  const odd = (actions: Action[]) => noticesOf(actions).map(({ fields }) => fields?.oddity);
  const other = { addresses: [address('10.0.0.51')] };
  test('compares the addresses of a new master only', () => {
    const lone = new Lone();
    lone.configure([{ trustsMaster: true }]);
    lone.hear();
    expect(odd(lone.hear(other))).toEqual([]);
    expect(odd(lone.hear({ ...other, source: address('10.0.0.13') }))).toEqual(['addresses-differ']);
  });
  test('a MASTER compares always', () => {
    const lone = new Lone();
    lone.configure([{ trustsMaster: true, priority: 250 }]);
    lone.hear();
    lone.pass(5000);
    expect(odd(lone.hear(other))).toContain('addresses-differ');
  });
});

test('log_unknown_vrids tells of each once a minute, in keepalived’s words', () => {
  const lone = new Lone();
  lone.configure([{}], { logsUnknownIds: true });
  const told = (advert: Partial<Advert>) => noticesOf(lone.hear(advert)).map(({ message }) => message);
  const message = `Unknown VRID(77) received on interface(${LINK}) from ${THEIRS}. ignoring...`;
  expect(told({ vrid: 77 })).toEqual([message]);
  expect(told({ vrid: 77 })).toEqual([]);
  expect(told({ vrid: 78 })).toHaveLength(1);
  expect(told({})).toEqual([]);
  lone.nowMs += 60_000;
  expect(told({ vrid: 77 })).toEqual([message]);
});

test('no_virtual_ipaddress: elected without an address', () => {
  const lone = new Lone();
  lone.configure([{ vips: [] }]);
  expect(advertsIn(lone.pass(5000))[0]).toMatchObject({ version: 3, addresses: [] });
  expect(lone.states).toEqual(['MASTER']);
});
