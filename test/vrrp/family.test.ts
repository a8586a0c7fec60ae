// Which virtual addresses an advert names, and in what order.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { advertised } from '../../src/vrrp/family.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const vips = ['fd00::51', '10.0.0.50', 'fd00::50', 'fe80::50'].map((text) => ({
  address: address(text),
  prefixLength: 128,
  interface: LINK,
  scope: 0,
}));

test('over IPv6 those of IPv6, the link-local one first and the others as they are', () => {
  const own = instanceSettings({ vips, multicastGroup: address('ff02::12') });
  expect(advertised(own)).toEqual(['fe80::50', 'fd00::51', 'fd00::50']);
});

test('over IPv4 those of IPv4', () => {
  expect(advertised(instanceSettings({ vips }))).toEqual(['10.0.0.50']);
});
