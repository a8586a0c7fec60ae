// Sync entries of every kind that a receiver has a use for, for property tests.
import fc from 'fast-check';
import { FLAG, type SyncEntry } from '../../src/sync/entry.ts';

export const TCP: SyncEntry & { family: 4 } = {
  family: 4,
  protocol: 6,
  flags: 0,
  state: 1,
  clientPort: 1000,
  virtualPort: 80,
  serverPort: 8080,
  fwmark: 0,
  timeoutSeconds: 900,
  client: 0x0a00000a,
  virtual: 0x0a000064,
  server: 0x0a01000b,
};

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const shift = fc.record({ initial: u32, delta: u32, previousDelta: u32 });
/** Protocol and how many states it has; 0: the template of a firewall mark. */
const kind = fc.constantFrom([6, 11], [17, 1], [132, 14], [0, 2], [6, 2]).chain(([protocol, states]) =>
  fc.record({
    protocol: fc.constant(protocol!),
    state: fc.integer({ min: 0, max: states! - 1 }),
    flags: u32.map((flags) =>
      states === 2
        ? ((flags | FLAG.template) & ~FLAG.hashed) >>> 0
        : (flags & ~FLAG.hashed & ~FLAG.template) >>> 0,
    ),
  }),
);
const fields = {
  clientPort: u16,
  virtualPort: u16,
  serverPort: u16,
  fwmark: u32,
  timeoutSeconds: u32,
};
const addresses = fc.oneof(
  fc.record({ family: fc.constant(4 as const), client: u32, virtual: u32, server: u32 }),
  fc.record({ family: fc.constant(6 as const), client: ipv6, virtual: ipv6, server: ipv6 }),
);
const engine = fc.oneof(
  fc.constant({}),
  fc.record({
    peData: fc.uint8Array({ minLength: 1, maxLength: 255 }).map((data) => Buffer.from(data)),
    peName: fc.string({ minLength: 1, maxLength: 16, unit: 'grapheme-ascii' }),
  }),
);
const sequence = fc.oneof(fc.constant({}), fc.record({ sequence: fc.record({ in: shift, out: shift }) }));

export const anyEntry: fc.Arbitrary<SyncEntry> = fc
  .tuple(kind, fc.record(fields), addresses, engine, sequence)
  .map(([a, b, c, d, e]) => ({ ...a, ...b, ...c, ...d, ...e }) as SyncEntry);
