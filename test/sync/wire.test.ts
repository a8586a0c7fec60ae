// The sync codec against datagrams captured from a Linux 6.1 kernel's master thread, and against anything
// else.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeDatagrams, encodeV0, entryBytes, fitsV0, SyncBatch } from '../../src/sync/encode.ts';
import { FLAG, type SyncEntry } from '../../src/sync/entry.ts';
import {
  decodeDatagram,
  decodeSignal,
  ENTRIES_MAX,
  encodeSignal,
  type SyncMessage,
} from '../../src/sync/wire.ts';
import { anyEntry } from './entries.ts';

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
const encoded = ({ version, syncId, entries }: SyncMessage) =>
  version === 0
    ? encodeV0({ syncId, maxlen: 65_000 }, entries)
    : encodeDatagrams({ syncId, maxlen: 65_000 }, entries);
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test.each(GOLDEN)('kernel datagram of version $version with $entries entries, both ways', (golden) => {
  const message = decoded(Buffer.from(golden.hex, 'hex'));
  expect(message).toMatchObject({ version: golden.version, skipped: [] });
  expect(message.cut).toBeUndefined();
  expect(message.entries).toHaveLength(golden.entries);
  expect(encoded(message).map((bytes) => bytes.toString('hex'))).toEqual([golden.hex]);
});

test('a TCP connection, field by field', () => {
  const bytes = hex(
    '002a002c 01010000 00060024 00000000 0001 8a7e 0050 0050 00000000 00000384 0a00000a 0a000064 0a01000b',
  );
  expect(decoded(bytes)).toEqual({
    version: 1,
    syncId: 42,
    skipped: [],
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
      if (result.ok)
        expect(result.message.entries.length + result.message.skipped.length).toBeLessThanOrEqual(255);
    }),
    { numRuns: 3000 },
  );
});

test('decode(encode(x)) = x, and no datagram is longer or fuller than it may be', () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 60 }),
      fc.integer({ min: 500, max: 9188 }),
      (entries, maxlen) => {
        const datagrams = encodeDatagrams({ syncId: 7, maxlen }, entries);
        for (const datagram of datagrams) expect(datagram.length).toBeLessThanOrEqual(maxlen);
        const back = datagrams.map(decoded);
        expect(back.every((message) => message.cut === undefined && message.skipped.length === 0)).toBe(true);
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

/** One entry: an established TCP connection, or what `change` makes of it, and options behind it. */
function single(options: string, change: (bytes: Buffer) => void = () => undefined): SyncMessage {
  const fixed =
    '002a002c 01010000 00060024 00000000 0001 8a7e 0050 0050 00000000 00000384 0a00000a 0a000064 0a01000b';
  const bytes = hex(fixed + options);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt16BE(bytes.length - 8, 10);
  change(bytes);
  return decoded(bytes);
}

test('the template of a firewall mark: no protocol, the mark for an address', () => {
  const bytes = hex(
    '002a002c 01010000 00000024 00001100 0000 0000 0000 0000 00000007 0000002d 0a00000a 00000007 0a01000b',
  );
  const [entry] = decoded(bytes).entries;
  expect(entry).toMatchObject({ protocol: 0, flags: 0x1100, fwmark: 7, virtual: 7, timeoutSeconds: 45 });
  expect(encodeDatagrams({ syncId: 42, maxlen: 1472 }, [entry!])).toEqual([bytes]);
});

const SHIFTS = {
  in: { initial: 1, delta: 2, previousDelta: 3 },
  out: { initial: 4, delta: 5, previousDelta: 6 },
};
const WORDS_BE = '00000001 00000002 00000003 00000004 00000005 00000006';
const WORDS_LE = '01000000 02000000 03000000 04000000 05000000 06000000';
test('sequence numbers: big-endian in v1, the order of its sender in v0', () => {
  const [entry] = single(`0118 ${WORDS_BE}`, (bytes) => bytes.writeUInt32BE(0x600, 12)).entries;
  expect(entry?.sequence).toEqual(SHIFTS);
  const v0 = encodeV0({ syncId: 1, maxlen: 1472 }, [entry!]);
  const fixed = '01010034 00 06 8a7e 0050 0050 0a00000a 0a000064 0a01000b 0600 0001';
  expect(v0).toEqual([hex(`${fixed} ${WORDS_LE}`)]);
  expect(decoded(v0[0]!).entries).toEqual([{ ...entry, timeoutSeconds: 0 }]);
});

test.each([
  ['an unknown option', '0902aabb', undefined, 'unknown-option'],
  ['an unknown option that may be ignored', '4902aabb', undefined, undefined],
  ['PE data without the name of its engine', '0202aabb', undefined, 'pe-incomplete'],
  ['PE data and name, also if marked as ignorable', '4202aabb 4303736970', undefined, undefined],
  ['a name that ends before its end', '0202aabb 0303730070', undefined, 'pe-name'],
  ['TCP state 11', '', (bytes: Buffer) => bytes.writeUInt16BE(11, 16), 'state'],
  ['TCP state 10', '', (bytes: Buffer) => bytes.writeUInt16BE(10, 16), undefined],
  ['UDP state 1', '', (bytes: Buffer) => bytes.writeUInt8(17, 9), 'state'],
  ['SCTP state 1', '', (bytes: Buffer) => bytes.writeUInt8(132, 9), undefined],
  ['ESP', '', (bytes: Buffer) => bytes.writeUInt8(50, 9), 'protocol'],
  ['a template of ESP, assured', '', (bytes: Buffer) => bytes.writeUInt32BE(0x1032, 12), undefined],
  [
    'a template in state 2',
    '',
    (bytes: Buffer) => {
      bytes.writeUInt32BE(0x1000, 12);
      bytes.writeUInt16BE(2, 16);
    },
    'state',
  ],
] as const)('%s', (_, options, change, reason) => {
  const { entries, skipped, cut } = single(options, change);
  expect(skipped).toEqual(reason === undefined ? [] : [reason]);
  expect(entries).toHaveLength(reason === undefined ? 1 : 0);
  expect(cut).toBeUndefined();
});

test.each([
  ['an option without length', '0200', undefined, 'option-length'],
  ['an option over the end', '0203aabb', undefined, 'option-length'],
  ['an option of one byte', '02', undefined, 'option-length'],
  ['sequence numbers that are too short', '0117 00', undefined, 'option-length'],
  ['a name that is too long', `0311${'61'.repeat(17)}`, undefined, 'option-length'],
  ['PE data twice', '0201aa 0201aa', undefined, 'option-twice'],
  ['an entry of no size', '', (bytes: Buffer) => bytes.writeUInt16BE(0, 10), 'entry-too-short'],
  ['an entry that ends in the middle', '', (bytes: Buffer) => bytes.writeUInt16BE(35, 10), 'entry-too-short'],
  ['an entry of a later version', '', (bytes: Buffer) => bytes.writeUInt16BE(0x1024, 10), 'entry-version'],
  ['an entry over the end', '', (bytes: Buffer) => bytes.writeUInt16BE(37, 10), 'entry-over-end'],
  ['an entry of an unknown type', '', (bytes: Buffer) => bytes.writeUInt8(2, 8), 'entry-type'],
  ['an IPv6 entry as long as one of IPv4', '', (bytes: Buffer) => bytes.writeUInt8(1, 8), 'entry-too-short'],
] as const)('%s cuts the datagram', (_, options, change, reason) => {
  expect(single(options, change)).toMatchObject({ entries: [], skipped: [], cut: reason });
});

test('v0: decode(encode(x)) = x but for the timeout, for all that fits into it', () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 300 }),
      fc.integer({ min: 60, max: 9188 }),
      (entries, maxlen) => {
        const fitting = entries.map(({ peData: _, peName: __, ...rest }) => ({
          ...rest,
          fwmark: 0,
          flags: rest.flags & 0xffff & ~(rest.sequence ? 0 : FLAG.sequenceMask),
        }));
        const sent = (fitting as SyncEntry[]).filter(fitsV0);
        const datagrams = encodeV0({ syncId: 7, maxlen }, sent);
        for (const datagram of datagrams) expect(datagram.length).toBeLessThanOrEqual(maxlen);
        const expected = sent.map(({ sequence, ...rest }) => ({
          ...rest,
          timeoutSeconds: 0,
          ...(sequence && (rest.flags & FLAG.sequenceMask) !== 0 ? { sequence } : {}),
        }));
        expect(datagrams.map(decoded).flatMap((message) => message.entries)).toEqual(expected);
      },
    ),
  );
});

test('signals are empty messages to a kernel and nothing else to us', () => {
  for (const signal of ['ask', 'done'] as const) {
    const bytes = encodeSignal(signal, 51);
    expect(decodeSignal(bytes)).toEqual({ signal, syncId: 51 });
    expect(decoded(bytes).entries).toEqual([]);
  }
  expect(decodeSignal(Buffer.from(GOLDEN[0]!.hex, 'hex'))).toBeUndefined();
});
