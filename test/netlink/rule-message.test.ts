// Policy rules as rtnetlink has them: against the kernel's own bytes, and there and back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressFromBytes, type Prefix } from '../../src/core/address.ts';
import { RULE_ACTIONS, type Rule } from '../../src/core/rule.ts';
import { networkOf } from '../../src/netlink/route-message.ts';
import { addRule, decodeRule, deleteRule } from '../../src/netlink/rule-message.ts';

const u8 = fc.integer({ min: 0, max: 255 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 0xffff });
const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,14}$/);

function prefix(family: 4 | 6): fc.Arbitrary<Prefix> {
  const size = family === 4 ? 4 : 16;
  return fc
    .record({
      bytes: fc.uint8Array({ minLength: size, maxLength: size }),
      length: fc.integer({ min: 1, max: size * 8 }),
    })
    .map(({ bytes, length }) => ({
      address: networkOf({ address: addressFromBytes(bytes), length }),
      length,
    }));
}

const rule: fc.Arbitrary<Rule> = fc.constantFrom(4 as const, 6 as const).chain((family) =>
  fc.record(
    {
      family: fc.constant(family),
      action: fc.constantFrom(...(Object.keys(RULE_ACTIONS) as Rule['action'][])),
      origin: u8,
      table: u32,
      ofVrf: fc.constant(true as const),
      goto: u32,
      priority: u32,
      not: fc.constant(true as const),
      from: prefix(family),
      to: prefix(family),
      tos: fc.integer({ min: 1, max: 255 }),
      mark: u32,
      mask: u32,
      realms: u32,
      suppressLength: fc.integer({ min: 0, max: 128 }),
      suppressGroup: u32,
      in: name,
      out: name,
      tunnel: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      users: fc.tuple(u32, u32),
      ipProtocol: u8,
      sourcePorts: fc.tuple(port, port),
      destinationPorts: fc.tuple(port, port),
    },
    { requiredKeys: ['family', 'action', 'origin'] },
  ),
);

test('every rule comes back from its request as it was', () => {
  fc.assert(
    fc.property(rule, (given) => {
      expect(decodeRule(addRule(given))).toEqual({ ok: true, value: given });
      expect(decodeRule(deleteRule(given))).toEqual({ ok: true, value: given });
    }),
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(32, 33, 24), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
      const decoded = decodeRule({ type, payload: Buffer.from(bytes) });
      if (type === 24) expect(decoded).toEqual({ ok: false, drop: 'unexpected-type' });
    }),
  );
});

test('a rule as iproute2 6.1 asks for it', () => {
  // ip rule add not from 10.5.0.0/16 fwmark 5/0xff iif v0 table 300 priority 100
  const hex =
    '020010000000000102000000080002000a05000008000a000500000008001000ff00000007000300763000000' +
    '8000f002c0100000800060064000000';
  expect(decodeRule({ type: 32, payload: Buffer.from(hex, 'hex') })).toEqual({
    ok: true,
    value: {
      family: 4,
      action: 'table',
      table: 300,
      priority: 100,
      not: true,
      from: { address: '10.5.0.0', length: 16 },
      mark: 5,
      mask: 255,
      in: 'v0',
      origin: 0,
    },
  });
});
