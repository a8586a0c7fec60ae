// Requests about interfaces. That the kernel takes them, and what it makes of them, is in
// test/linux/virtual-mac.test.ts.
import { expect, test } from 'vitest';
import { createIpvlan, createMacvlan, deleteLink, setLinkUp } from '../../src/netlink/link-message.ts';
import { NLM_F } from '../../src/netlink/message.ts';
import { RTM } from '../../src/netlink/route.ts';

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

test('its group goes along where it has one', () => {
  const grouped = createMacvlan({ name: 'vrrp.51', mac: MAC, lowerIndex: 3, group: 7 });
  expect(grouped.payload.subarray(-8).toString('hex')).toBe('08001b0007000000');
});

test('up, and gone: by name', () => {
  const up = setLinkUp('v');
  expect([up.type, up.flags]).toEqual([RTM.NEWLINK, NLM_F.ACK]);
  expect(up.payload.toString('hex')).toBe(`0000000000000000${'01000000'.repeat(2)}0600030076000000`);
  const gone = deleteLink('v');
  expect([gone.type, gone.flags]).toEqual([RTM.DELLINK, NLM_F.ACK]);
  expect(gone.payload.toString('hex')).toBe(`${'00'.repeat(16)}0600030076000000`);
});
