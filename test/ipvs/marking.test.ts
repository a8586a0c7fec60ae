// Which packets get which mark, against the rule that IPVS goes by with a service for each address; and that
// the engine finds the same as the boxes say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, address, addressBytes, addressFromBytes, familyOf } from '../../src/core/address.ts';
import { PROTOCOL } from '../../src/core/ip-header.ts';
import { rangeContains } from '../../src/core/range.ts';
import { GivenMarks } from '../../src/ipvs/embedded/given-marks.ts';
import type { Packet } from '../../src/ipvs/embedded/packet.ts';
import {
  boxName,
  countChanges,
  type MarkMap,
  mapsOf,
  markedPool,
  unmarkedPools,
} from '../../src/ipvs/marking.ts';
import { type AddressMember, type Pool, servicesOf } from '../../src/ipvs/pool.ts';

const LAST = 20;
const inNet = (family: 4 | 6, last: number): Address =>
  address(family === 4 ? `10.0.0.${last}` : `fd00::${last.toString(16)}`);

const member: fc.Arbitrary<AddressMember> = fc
  .tuple(
    fc.constantFrom('TCP' as const, 'UDP' as const),
    fc.constantFrom(4 as const, 6 as const),
    fc.nat(LAST),
    fc.nat(6),
    fc.constantFrom(0, 1, 80, 81, 443, 65_535),
  )
  .map(([protocol, family, first, more, port]) => ({
    protocol,
    first: inNet(family, first),
    last: inNet(family, first + more),
    port,
  }));
const SETTINGS = { scheduler: 'rr', schedulerFlags: 0, persistenceSeconds: 60, onePacket: false };
const poolOf = (members: readonly AddressMember[]): Pool => ({
  members,
  settings: SETTINGS,
  servers: new Map(),
  inhibited: new Set(),
});
const pools = fc
  .array(fc.tuple(fc.array(member, { minLength: 1, maxLength: 4 }), fc.boolean()), { maxLength: 5 })
  .map(
    (all) =>
      new Map(
        all.map(([members, isMarked], i) => [
          `pool ${i}`,
          isMarked ? markedPool(poolOf(members), 1000 + i) : poolOf(members),
        ]),
      ),
  );
type Target = { protocol: 'TCP' | 'UDP'; to: Address; port: number };
const target: fc.Arbitrary<Target> = fc.record({
  protocol: fc.constantFrom('TCP', 'UDP'),
  to: fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.nat(LAST + 8))
    .map(([family, last]) => inNet(family, last)),
  port: fc.oneof(fc.constantFrom(0, 1, 79, 80, 81, 82, 443, 65_534, 65_535), fc.nat(65_535)),
});

/** As IPVS finds a service: by its port, then one for every port; 0 = one that is not marked, or none. */
function ruled(all: ReadonlyMap<string, Pool>, { protocol, to, port }: Target): number {
  const has = (one: AddressMember, wanted: number) =>
    one.port === wanted && one.protocol === protocol && rangeContains(one, to);
  const first = (wanted: number) =>
    [...all.values()].find(({ marked }) => marked?.some((one) => has(one, wanted)))?.members[0];
  const own = port === 0 ? undefined : first(port);
  if (own !== undefined && 'mark' in own) return own.mark;
  const isOthers = [...all.values()].some(
    ({ marked, members }) => marked === undefined && members.some((one) => 'port' in one && has(one, port)),
  );
  if (isOthers && port !== 0) return 0;
  const any = first(0);
  return any !== undefined && 'mark' in any ? any.mark : 0;
}

function found(maps: readonly MarkMap[], { protocol, to, port }: Target): number[] {
  return maps
    .filter((map) => map.protocol === protocol && map.family === familyOf(to))
    .flatMap(({ boxes }) => boxes)
    .filter((box) => rangeContains(box, to) && box.lowPort <= port && port <= box.highPort)
    .map(({ mark }) => mark);
}

function given(maps: readonly MarkMap[], { protocol, to, port }: Target): number {
  const marks = new GivenMarks();
  marks.set(maps);
  const family = familyOf(to);
  const bytes = Buffer.concat([Buffer.alloc(family === 4 ? 16 : 24), addressBytes(to)]);
  const number = protocol === 'TCP' ? PROTOCOL.tcp : PROTOCOL.udp;
  return marks.of({ protocol: number, family, bytes, ip: 0, destinationPort: port } as Packet);
}

test('one box or none has a packet, and its mark is what IPVS would choose by address', () => {
  fc.assert(
    fc.property(pools, target, (all, packet) => {
      const maps = mapsOf(all);
      const marks = found(maps, packet);
      expect(marks.length).toBeLessThanOrEqual(1);
      expect(marks[0] ?? 0).toBe(ruled(all, packet));
      expect(given(maps, packet)).toBe(ruled(all, packet));
    }),
    { numRuns: 1_000 },
  );
});

test('boxes are as few as they can be: none continues another', () => {
  const next = (one: Address) => {
    const bytes = addressBytes(one);
    bytes[bytes.length - 1]!++;
    return addressFromBytes(bytes);
  };
  fc.assert(
    fc.property(pools, (all) => {
      for (const { boxes } of mapsOf(all)) {
        const begins = new Set(boxes.map((box) => boxName({ ...box, last: box.first })));
        for (const box of boxes) {
          const after = next(box.last);
          expect(begins.has(boxName({ ...box, first: after, last: after })), boxName(box)).toBe(false);
        }
      }
    }),
  );
});

test('ten thousand addresses in a row are one range, and one service', () => {
  const members = Array.from({ length: 10_000 }, (_, i) => {
    const bytes = Buffer.from([10, 1, 0, 0]);
    bytes.writeUInt16BE(i, 2);
    const one = addressFromBytes(bytes);
    return { protocol: 'TCP' as const, first: one, last: one, port: 80 };
  });
  const pool = markedPool(poolOf(members), 1000);
  expect(mapsOf(new Map([['web', pool]]))).toEqual([
    {
      family: 4,
      protocol: 'TCP',
      boxes: [{ first: '10.1.0.0', last: '10.1.39.15', lowPort: 80, highPort: 80, mark: 1000 }],
    },
  ]);
  expect(servicesOf(pool).map(([key]) => key)).toEqual(['FWM 1000']);
});

test('a pool of both families has a service of each; unmarked it is what it was', () => {
  const members = [4, 6].map((family) => {
    const one = inNet(family as 4 | 6, 1);
    return { protocol: 'TCP' as const, first: one, last: one, port: 80 };
  });
  const pool = poolOf(members);
  const marked = markedPool(pool, 7);
  expect(markedPool(pool, 7)).toBe(marked);
  expect(servicesOf(marked).map(([key]) => key)).toEqual(['FWM 7', 'FWM 7 IPv6']);
  const [back] = unmarkedPools(new Map([['web', marked]])).values();
  expect(back).toEqual(pool);
  expect(unmarkedPools(new Map([['web', marked]])).get('web')).toBe(back);
});

test('what a change adds and removes', () => {
  const marking = (...members: AddressMember[]) => ({
    table: 't',
    priority: -1,
    counters: false,
    maps: mapsOf(new Map([['web', markedPool(poolOf(members), 1000)]])),
  });
  const of = (last: number, protocol: 'TCP' | 'UDP') =>
    ({ protocol, first: inNet(4, last), last: inNet(4, last), port: 80 }) as const;
  expect(countChanges(undefined, marking(of(1, 'TCP'), of(3, 'TCP')))).toEqual({ added: 2, removed: 0 });
  expect(countChanges(marking(of(1, 'TCP'), of(3, 'TCP')), marking(of(3, 'TCP'), of(3, 'UDP')))).toEqual({
    added: 1,
    removed: 1,
  });
});
