// The sync codec against datagrams captured from a Linux 6.1 kernel's master thread, and against anything
// else.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeDatagram,
  decodeSignal,
  ENTRIES_MAX,
  encodeDatagrams,
  encodeSignal,
  encodeV0,
  entryBytes,
  FLAG,
  SyncBatch,
  type SyncEntry,
  type SyncMessage,
} from '../../src/sync/wire.ts';

type Golden = { version: 0 | 1; entries: number; hex: string };
const GOLDEN = readFileSync(new URL('../golden/ipvs-sync.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Golden);

function decoded(bytes: Buffer): SyncMessage {
  const result = decodeDatagram(bytes);
  if (!result.ok) throw new Error(result.drop);
  return result.message;
}
const encoded = (message: SyncMessage) =>
  message.version === 0
    ? [encodeV0(message.syncId, message.entries)]
    : encodeDatagrams({ syncId: message.syncId, maxlen: 65_000 }, message.entries);

test.each(GOLDEN)('kernel datagram of version $version with $entries entries, both ways', (golden) => {
  const message = decoded(Buffer.from(golden.hex, 'hex'));
  expect(message).toMatchObject({ version: golden.version, skipped: 0 });
  expect(message.cut).toBeUndefined();
  expect(message.entries).toHaveLength(golden.entries);
  expect(encoded(message).map((bytes) => bytes.toString('hex'))).toEqual([golden.hex]);
});

test('a TCP connection, field by field', () => {
  const hex =
    '002a002c 01010000 00060024 00000000 0001 8a7e 0050 0050 00000000 00000384 0a00000a 0a000064 0a01000b';
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  expect(decoded(bytes)).toEqual({
    version: 1,
    syncId: 42,
    skipped: 0,
    entries: [
      {
        family: 4,
        protocol: 6,
        flags: 0,
        state: 1,
        clientPort: 35_454,
        virtualPort: 80,
        serverPort: 80,
        fwmark: 0,
        timeoutSeconds: 900,
        client: 0x0a00000a,
        virtual: 0x0a000064,
        server: 0x0a01000b,
      },
    ],
  });
});

test('persistence engine data and IPv6 are in the captures and come out whole', () => {
  const entries = GOLDEN.flatMap((golden) => decoded(Buffer.from(golden.hex, 'hex')).entries);
  const sip = entries.find((entry) => entry.peName === 'sip');
  expect(sip && entryBytes(sip)).toBe(74);
  expect(entries.some((entry) => entry.family === 6 && entry.state === 7)).toBe(true);
  expect(entries.some((entry) => (entry.flags & FLAG.template) !== 0 && entry.clientPort === 0)).toBe(true);
});

test('every truncation of a capture is a drop or a shorter list, never an exception', () => {
  for (const golden of GOLDEN) {
    const whole = Buffer.from(golden.hex, 'hex');
    for (let length = 0; length < whole.length; length += 3) {
      const short = Buffer.from(whole.subarray(0, length));
      expect(decodeDatagram(short).ok).toBe(false);
      if (length < 8) continue;
      short.writeUInt16BE(length, 2); // the length agrees, so the entries themselves are cut
      const message = decoded(short);
      expect(message.entries.length).toBeLessThan(golden.entries);
      expect(message.cut).toBeDefined();
    }
  }
});

test('any bytes are a value or a drop reason, with bounded work', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (raw, asV1) => {
      const bytes = Buffer.from(raw);
      if (bytes.length >= 4) bytes.writeUInt16BE(bytes.length, 2);
      if (asV1 && bytes.length >= 8) {
        bytes[0] = 0;
        bytes[5] = 1;
        bytes.writeUInt16BE(0, 6);
      }
      const result = decodeDatagram(bytes);
      if (result.ok) expect(result.message.entries.length + result.message.skipped).toBeLessThanOrEqual(255);
    }),
    { numRuns: 3000 },
  );
});

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const fields = {
  protocol: fc.constantFrom(6, 17, 132, 0),
  flags: u32.map((flags) => (flags & ~FLAG.hashed) >>> 0),
  state: u16,
  clientPort: u16,
  virtualPort: u16,
  serverPort: u16,
  fwmark: u32,
  timeoutSeconds: u32,
};
const blob = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((a) => Buffer.from(a));
const options = {
  sequence: blob(24, 24),
  peData: blob(1, 255),
  peName: fc.string({ minLength: 1, maxLength: 16, unit: 'grapheme-ascii' }),
};
const address6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const entry: fc.Arbitrary<SyncEntry> = fc
  .oneof(
    fc.record({ family: fc.constant(4 as const), ...fields, client: u32, virtual: u32, server: u32 }),
    fc.record({
      family: fc.constant(6 as const),
      ...fields,
      client: address6,
      virtual: address6,
      server: address6,
    }),
  )
  .chain((base) => fc.record(options, { requiredKeys: [] }).map((extra) => ({ ...base, ...extra })));

test('decode(encode(x)) = x, and no datagram is longer or fuller than it may be', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 60 }),
      fc.integer({ min: 500, max: 9188 }),
      (entries, maxlen) => {
        const datagrams = encodeDatagrams({ syncId: 7, maxlen }, entries);
        for (const datagram of datagrams) expect(datagram.length).toBeLessThanOrEqual(maxlen);
        const back = datagrams.map(decoded);
        expect(back.every((message) => message.cut === undefined && message.skipped === 0)).toBe(true);
        expect(back.flatMap((message) => message.entries)).toEqual(entries);
      },
    ),
  );
});

test('a datagram never holds more entries than its count can say', () => {
  const one = decoded(Buffer.from(GOLDEN[0]!.hex, 'hex')).entries[0]!;
  const batch = new SyncBatch({ syncId: 1, maxlen: 65_000 });
  let added = 0;
  while (batch.add(one)) added++;
  expect(added).toBe(ENTRIES_MAX);
  const datagram = batch.take()!;
  expect(datagram).toHaveLength(9188);
  expect(decoded(datagram).entries).toHaveLength(255);
  expect(batch.take()).toBeUndefined();
});

test('an unknown option drops its entry only when it is mandatory', () => {
  const one = Buffer.from(
    '0001002c0101000000060024000000000001000a00500050000000000000038' + '40a00000a0a0000640a01000b',
    'hex',
  );
  const withOption = (type: number) => {
    const bytes = Buffer.concat([one, Buffer.from([type, 2, 0xaa, 0xbb])]);
    bytes.writeUInt16BE(bytes.length, 2);
    bytes.writeUInt16BE(40, 10);
    return decoded(bytes);
  };
  expect(withOption(9)).toMatchObject({ skipped: 1, entries: [] });
  expect(withOption(0x49).entries).toHaveLength(1);
  expect(withOption(0x49).skipped).toBe(0);
});

test('signals are empty messages to a kernel and nothing else to us', () => {
  for (const signal of ['ask', 'done'] as const) {
    const bytes = encodeSignal(signal, 51);
    expect(decodeSignal(bytes)).toEqual({ signal, syncId: 51 });
    expect(decoded(bytes).entries).toEqual([]);
  }
  expect(decodeSignal(Buffer.from(GOLDEN[0]!.hex, 'hex'))).toBeUndefined();
});
