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

test.each([
  ['tells the link of both', {}, [1, 0]],
  ['says that it goes, and no more, where higher_prio_send_advert is off', { silentToHigher: true }, [0]],
] as const)('a member of a sync group that yields with another %s', (_, own, priorities) => {
  const lone = new Lone();
  const instances = ['A', 'B'].map((name, i) => ({ name, vrid: 51 + i, ...own }));
  lone.configure(instances, { groups: [{ name: 'G', members: ['A', 'B'] }] });
  lone.pass(5000);
  expect(lone.states).toEqual(['MASTER', 'MASTER']);
  const last = advertsIn(lone.hear({ vrid: 51 })).filter(({ vrid }) => vrid === 52);
  expect(last.map(({ priority }) => priority)).toEqual(priorities);
  expect(lone.states).toEqual(['BACKUP', 'BACKUP']);
});

test('a resignation hastens a takeover, and never puts it off', () => {
  const lone = new Lone();
  lone.configure([{ priority: 50 }]); // a skew of 805 ms
  lone.hear();
  lone.pass(3500);
  lone.hear({ priority: 0 });
  lone.hear({ priority: 0 });
  lone.pass(310);
  expect(lone.states).toEqual(['MASTER']);
});
