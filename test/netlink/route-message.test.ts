// Routes as rtnetlink has them: there and back, and no bytes that make it throw.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, addressFromBytes, type Prefix } from '../../src/core/address.ts';
import { type Encapsulation, METRIC_NUMBERS, type NextHop, type Route } from '../../src/core/route.ts';
import { NLM_F } from '../../src/netlink/message.ts';
import {
  addRoute,
  decodeRoute,
  deleteRoute,
  getRoute,
  networkOf,
  replaceRoute,
} from '../../src/netlink/route-message.ts';

const u8 = fc.integer({ min: 0, max: 255 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const yes = fc.constant(true as const);

function address(family: 4 | 6): fc.Arbitrary<Address> {
  const size = family === 4 ? 4 : 16;
  return fc.uint8Array({ minLength: size, maxLength: size }).map(addressFromBytes);
}
function prefix(family: 4 | 6, least: number): fc.Arbitrary<Prefix> {
  return fc
    .record({ address: address(family), length: fc.integer({ min: least, max: family === 4 ? 32 : 128 }) })
    .map((given) => ({ ...given, address: networkOf(given) }));
}

const encapsulation: fc.Arbitrary<Encapsulation> = fc.oneof(
  fc.record({
    kind: fc.constant('mpls' as const),
    labels: fc.array(fc.integer({ min: 0, max: 0xfffff }), { minLength: 1, maxLength: 4 }),
  }),
  fc.constantFrom('ip' as const, 'ip6' as const).chain((kind) => {
    const end = address(kind === 'ip' ? 4 : 6);
    return fc.record(
      {
        kind: fc.constant(kind),
        id,
        to: end,
        from: end,
        tos: u8,
        ttl: u8,
        flags: fc.integer({ min: 0, max: 0xffff }),
      },
      { requiredKeys: ['kind'] },
    );
  }),
  fc.record({ kind: fc.constant('ila' as const), locator: fc.constant('1:2:3:ffff') }),
);
const hopFields = {
  interface: fc.stringMatching(/^[a-z]{1,15}$/),
  via: fc.oneof(address(4), address(6)),
  onlink: yes,
  realms: u32,
  encapsulation,
};
const hop: fc.Arbitrary<NextHop & { weight: number }> = fc.record(
  { ...hopFields, weight: fc.integer({ min: 1, max: 256 }) },
  { requiredKeys: ['weight'] },
);
const metrics = fc
  .record(
    {
      lock: u32,
      congctl: fc.constantFrom('cubic', 'reno'),
      ...Object.fromEntries(Object.keys(METRIC_NUMBERS).map((name) => [name, u32])),
    },
    { requiredKeys: [] },
  )
  .filter((values) => Object.keys(values).length > 0);

const route = fc.constantFrom(4 as const, 6 as const).chain((family) =>
  fc.record(
    {
      family: fc.constant(family),
      type: fc.integer({ min: 1, max: 9 }),
      to: prefix(family, 0),
      table: u32,
      scope: u8,
      origin: u8,
      from: prefix(family, 1),
      tos: fc.integer({ min: 1, max: 255 }),
      source: address(family),
      priority: u32,
      metrics,
      hops: fc.array(hop, { minLength: 1, maxLength: 4 }),
      expiresSeconds: u32,
      preference: u8,
      copiesTtl: fc.boolean(),
      place: fc.constantFrom('alone' as const, 'behind' as const),
      ...hopFields,
    },
    { requiredKeys: ['family', 'type', 'to', 'table', 'scope', 'origin'] },
  ),
) as fc.Arbitrary<Route>;

test('every route comes back from its requests as it was', () => {
  fc.assert(
    fc.property(route, (given) => {
      const names: string[] = [''];
      const indexOf = (name: string) => {
        if (!names.includes(name)) names.push(name);
        return names.indexOf(name);
      };
      const nameOf = (index: number) => names[index]!;
      expect(decodeRoute(addRoute(given, indexOf), nameOf)).toEqual({ ok: true, value: given });
      const { metrics: _, place: __, ...named } = given;
      expect(decodeRoute(deleteRoute(given, indexOf), nameOf)).toEqual({ ok: true, value: named });
    }),
  );
});

test('no bytes make it throw', () => {
  const bytes = fc.uint8Array({ minLength: 12, maxLength: 120 });
  fc.assert(
    fc.property(fc.constantFrom(2, 10), bytes, (family, given) => {
      const payload = Buffer.from(given);
      payload[0] = family;
      expect(typeof decodeRoute({ type: 24, flags: 0, payload }, String).ok).toBe('boolean');
    }),
  );
});

test('in place of another; and the way to an address', () => {
  const route: Route = {
    family: 4,
    type: 1,
    to: { address: addressFromBytes(Buffer.alloc(4)), length: 0 },
    table: 254,
    origin: 4,
    scope: 0,
    via: addressFromBytes(Buffer.from([10, 0, 0, 1])),
    metrics: { advmss: 1440 },
  };
  const indexOf = () => 2;
  const replaced = replaceRoute(route, indexOf);
  expect(replaced.flags).toBe(NLM_F.ACK | NLM_F.CREATE | NLM_F.REPLACE);
  expect(replaced.payload).toEqual(addRoute(route, indexOf).payload);
  // struct rtmsg: the family, 32 bits; then RTA_DST.
  expect(getRoute(addressFromBytes(Buffer.from([10, 0, 0, 21]))).payload.toString('hex')).toBe(
    '022000000000000000000000080001000a000015',
  );
});
