// rtnetlink values against the kernel's own bytes (captured from Linux 6.18).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Message } from '../../src/netlink/message.ts';
import {
  addAddress,
  decodeRouteMessage,
  deleteAddress,
  dumpAddresses,
  IFA_F,
  type InterfaceAddress,
  RTM,
} from '../../src/netlink/route.ts';

const event = (type: number, hex: string): Message => ({
  type,
  flags: 0,
  sequence: 0,
  port: 0,
  payload: Buffer.from(hex, 'hex'),
});

// A veth that is up, cut after the attributes we read but for IFLA_LINKINFO, which follows here.
const VETH =
  '00000100030000004310010000000000' +
  '070003007630000008000d00e8030000050010000600000005001100000000000500430000000000' +
  '08000400dc0500000a00010002000000000100000a000200ffffffffffff0000' +
  '100012000900010076657468000000000800050002000000';
const LO6 =
  '0a8080fe01000000140001000000000000000000000000000000000114000600ffffffffffffffff1cfb02001cfb0200' +
  '08000800800000000500' +
  '0b0001000000';
const LEASED =
  '0a400200030000001400010020010db80000000000000000000000051400060005000000050000001efb02001efb0200' +
  '08000800020000000500' +
  '0b0070000000';

test('a link: name, flags, operational state, MAC, kind', () => {
  expect(decodeRouteMessage(event(RTM.NEWLINK, VETH))).toEqual({
    ok: true,
    value: {
      type: 'link',
      link: {
        index: 3,
        name: 'v0',
        up: true,
        running: true,
        loopback: false,
        operstate: 'up',
        mtu: 1500,
        mac: Buffer.from('020000000001', 'hex'),
        lower: 2,
        kind: 'veth',
      },
    },
  });
});

test.each([
  [0x10043, true, true, 'all of them'],
  [0x10003, true, false, 'no IFF_RUNNING: the other end has no carrier'],
  [0x43, true, false, 'no IFF_LOWER_UP: the cable is out'],
  [0x10042, false, false, 'no IFF_UP: set down by hand'],
])('flags %i: up %s, running %s (%s)', (flags, up, running) => {
  const changed = event(RTM.NEWLINK, VETH);
  changed.payload.writeUInt32LE(flags, 8);
  expect(decodeRouteMessage(changed)).toMatchObject({ value: { link: { up, running } } });
});

test('addresses: permanent ones, and leases with the seconds left', () => {
  expect(decodeRouteMessage(event(RTM.NEWADDR, LO6))).toEqual({
    ok: true,
    value: {
      type: 'address',
      address: {
        interfaceIndex: 1,
        address: '::1',
        prefixLength: 128,
        scope: 254,
        flags: IFA_F.PERMANENT,
        origin: 1,
      },
    },
  });
  expect(decodeRouteMessage(event(RTM.DELADDR, LEASED))).toMatchObject({
    value: {
      type: 'addressGone',
      address: { address: '2001:db8::5', flags: IFA_F.NODAD, validSeconds: 5, preferredSeconds: 5 },
    },
  });
});

const vip: InterfaceAddress = {
  interfaceIndex: 3,
  address: address('10.1.0.100'),
  prefixLength: 24,
  scope: 0,
  flags: 0,
  label: 'v0:vip',
  validSeconds: 5,
  preferredSeconds: 5,
  origin: 112,
};

test('the request for a lease is the one the kernel took', () => {
  const request = addAddress(vip, { replace: true });
  expect(request.payload.toString('hex')).toBe(
    '0218000003000000080001000a010064080002000a0100640b00030076303a766970000014000600' +
      '05000000050000000000000000000000' +
      '05000b0070000000',
  );
  expect(request.flags & 0x700, 'NLM_F_CREATE and NLM_F_REPLACE').toBe(0x500);
  expect(addAddress(vip, { replace: false }).flags & 0x700, 'NLM_F_CREATE and NLM_F_EXCL').toBe(0x600);
  expect(deleteAddress(vip).type).toBe(RTM.DELADDR);
});

test('an address comes back from its own request', () => {
  const addresses: fc.Arbitrary<InterfaceAddress> = fc.record(
    {
      interfaceIndex: fc.nat(0xffffff),
      address: fc.constantFrom(address('192.0.2.9'), address('2001:db8::9')),
      prefixLength: fc.integer({ min: 0, max: 32 }),
      scope: fc.nat(255),
      flags: fc.constantFrom(0, IFA_F.NODAD, IFA_F.NOPREFIXROUTE | IFA_F.NODAD),
      label: fc.constantFrom('eth0', 'eth0:1'),
      validSeconds: fc.nat(0xfffffffe),
      origin: fc.nat(255),
    },
    { requiredKeys: ['interfaceIndex', 'address', 'prefixLength', 'scope', 'flags'] },
  );
  fc.assert(
    fc.property(addresses, (given) => {
      const { payload } = addAddress(given, { replace: true });
      const expected = { ...given };
      if (given.validSeconds !== undefined) expected.preferredSeconds = given.validSeconds;
      expect(decodeRouteMessage({ ...event(RTM.NEWADDR, ''), payload })).toEqual({
        ok: true,
        value: { type: 'address', address: expected },
      });
    }),
  );
});

test('a dump can be of one family', () => {
  expect([dumpAddresses(4), dumpAddresses(6), dumpAddresses()].map(({ payload }) => payload[0])).toEqual([
    2, 10, 0,
  ]);
});

test('messages that are not of rtnetlink, or damaged, are dropped with a reason', () => {
  expect(decodeRouteMessage(event(3, ''))).toEqual({ ok: false, drop: 'unexpected-type' });
  const types = [RTM.NEWLINK, RTM.NEWADDR, RTM.NEWROUTE];
  for (const type of types) {
    expect(decodeRouteMessage(event(type, '00'))).toEqual({ ok: false, drop: 'header-truncated' });
  }
  expect(decodeRouteMessage(event(RTM.NEWLINK, '00'.repeat(16)))).toEqual({
    ok: false,
    drop: 'attribute-missing',
  });
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
      const decoded = decodeRouteMessage({ ...event(type, ''), payload: Buffer.from(bytes) });
      expect(typeof decoded.ok).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});
