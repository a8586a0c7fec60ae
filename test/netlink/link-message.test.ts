// Requests about interfaces. That the kernel takes them, and what it makes of them, is in
// test/linux/virtual-mac.test.ts.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  createIpvlan,
  createMacvlan,
  createTunnel,
  deleteLink,
  setLinkDown,
  setLinkUp,
} from '../../src/netlink/link-message.ts';
import { NLM_F } from '../../src/netlink/message.ts';
import { decodeRouteMessage, RTM } from '../../src/netlink/route.ts';

const MAC = Buffer.from('00005e000133', 'hex');

test('a macvlan: down, private, on its base', () => {
  const { type, flags, payload } = createMacvlan({ name: 'vrrp.51', mac: MAC, lowerIndex: 3 });
  expect([type, flags]).toEqual([RTM.NEWLINK, NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL]);
  // As iproute2 sends it, in another order: ifinfomsg of zeros; address; name; base; kind and mode, nested.
  expect(payload.toString('hex')).toBe(
    [
      '00000000000000000000000000000000',
      '0a00010000005e0001330000',
      '0c000300767272702e353100',
      '0800050003000000',
      '1c001280',
      '0c0001006d6163766c616e00',
      '0c000280',
      '0800010001000000',
    ].join(''),
  );
});

test('an ipvlan: L2, in its mode, with the MAC of its base', () => {
  const { payload } = createIpvlan({ name: 'vrrp.51', lowerIndex: 3, mode: 'vepa' });
  expect(payload.toString('hex')).toBe(
    [
      '00000000000000000000000000000000',
      '0c000300767272702e353100',
      '0800050003000000',
      '24001280',
      '0b0001006970766c616e0000',
      '14000280',
      '0600010000000000',
      '0600020002000000',
    ].join(''),
  );
});

test('a tunnel from everywhere: its kind, and where it ends', () => {
  const { type, flags, payload } = createTunnel({ name: 'tun4', kind: 'ipip', local: address('10.0.0.21') });
  expect([type, flags]).toEqual([RTM.NEWLINK, NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL]);
  expect(payload.toString('hex')).toBe(
    [
      '00000000000000000000000000000000',
      '0900030074756e3400000000',
      '1c001280',
      '090001006970697000000000',
      '0c000280',
      '080002000a000015',
    ].join(''),
  );
});

test.each([
  ['ipip', '10.0.0.21'],
  ['sit', '10.0.0.21'],
  ['ip6tnl', 'fd00::21'],
  ['gre', '10.0.0.21'],
  ['ip6gre', 'fd00::21'],
] as const)('the kernel tells the end of a tunnel as it was told: %s', (kind, end) => {
  const { payload } = createTunnel({ name: 't', kind, local: address(end) });
  const told = decodeRouteMessage({ type: RTM.NEWLINK, flags: 0, sequence: 0, port: 0, payload });
  expect(told).toMatchObject({ ok: true, value: { link: { kind, tunnel: { local: end } } } });
  // The device that every module brings along ends everywhere.
  const any = kind.includes('6') ? '::' : '0.0.0.0';
  const fallback = createTunnel({ name: 't', kind, local: address(any) });
  const open = decodeRouteMessage({ ...fallback, flags: 0, sequence: 0, port: 0 });
  expect(open).toMatchObject({ ok: true, value: { link: { kind, tunnel: {} } } });
  expect(open.ok && open.value.type === 'link' && open.value.link.tunnel).toEqual({});
});

test('its group goes along where it has one', () => {
  const grouped = createMacvlan({ name: 'vrrp.51', mac: MAC, lowerIndex: 3, group: 7 });
  expect(grouped.payload.subarray(-8).toString('hex')).toBe('08001b0007000000');
});

test('up, and gone: by name', () => {
  const up = setLinkUp('v');
  expect([up.type, up.flags]).toEqual([RTM.NEWLINK, NLM_F.ACK]);
  expect(up.payload.toString('hex')).toBe(`0000000000000000${'01000000'.repeat(2)}0600030076000000`);
  const down = setLinkDown('v');
  expect(down.payload.toString('hex')).toBe(`${'00'.repeat(12)}010000000600030076000000`);
  const gone = deleteLink('v');
  expect([gone.type, gone.flags]).toEqual([RTM.DELLINK, NLM_F.ACK]);
  expect(gone.payload.toString('hex')).toBe(`${'00'.repeat(16)}0600030076000000`);
});
