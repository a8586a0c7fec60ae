// The shadow table against a plain map: whatever is told, in whatever order, is found again byte for byte.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeDatagrams, entryBytes, SyncBatch } from '../../src/sync/encode.ts';
import { FLAG, type SyncEntry } from '../../src/sync/entry.ts';
import { type Learned, Shadow } from '../../src/sync/shadow.ts';
import { decodeDatagram } from '../../src/sync/wire.ts';
import { anyEntry, TCP } from './entries.ts';

const HEADER = 8;
const shadowOf = (capacity: number) => new Shadow({ capacity, seed: 7 });
const bytesOf = (entry: SyncEntry) => encodeDatagrams({ syncId: 0, maxlen: 1472 }, [entry])[0]!;
const learn = (shadow: Shadow, entry: SyncEntry, nowMs = 0): Learned =>
  shadow.learn(bytesOf(entry), HEADER, entryBytes(entry), true, nowMs);
const adopt = (shadow: Shadow, entry: SyncEntry, stamp: number, nowMs = 0): Learned =>
  shadow.adopt(bytesOf(entry), HEADER, entryBytes(entry), stamp, nowMs);

function contentOf(shadow: Shadow): SyncEntry[] {
  const batch = new SyncBatch({ syncId: 0, maxlen: 60_000 });
  return [...shadow.order.walk()].flatMap((slot) => {
    batch.addFrom(shadow, slot);
    const decoded = decodeDatagram(batch.take()!);
    return decoded.ok ? decoded.message.entries : [];
  });
}
/** What is kept of an entry. */
const kept = (entry: SyncEntry): SyncEntry => ({
  ...entry,
  flags: entry.flags & 0xffff & ~(FLAG.sync | FLAG.hashed),
});

/** As the kernel's table knows a connection. */
function keyOf(entry: SyncEntry): string {
  const isTemplate = (entry.flags & FLAG.template) !== 0;
  const { family, protocol, clientPort, virtualPort, client, virtual } = entry;
  const engine = isTemplate ? [entry.peData ?? '', entry.peName ?? '', JSON.stringify(entry.sequence)] : [];
  return [family, protocol, isTemplate, clientPort, virtualPort, client, virtual, ...engine].join('|');
}
/** Few keys, so that the same one comes again. */
const fewKeys = anyEntry.map((entry): SyncEntry => {
  const ports = { clientPort: entry.clientPort % 3, virtualPort: entry.virtualPort % 2 };
  if (entry.family === 4) return { ...entry, ...ports, client: 1, virtual: entry.virtual % 2 };
  const zeros = new Uint8Array(16);
  return { ...entry, ...ports, client: zeros, virtual: zeros.with(15, entry.virtual[15]! % 2) };
});

test('the last that was told of a connection is what is kept, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fewKeys, { maxLength: 80 }), (entries) => {
      const shadow = shadowOf(500);
      const model = new Map<string, SyncEntry>();
      for (const entry of entries) {
        const before = model.get(keyOf(entry));
        const learned = learn(shadow, entry);
        expect(learned === 'added').toBe(before === undefined);
        model.set(keyOf(entry), kept(entry));
      }
      expect(shadow.count).toBe(model.size);
      const inOrder = (all: Iterable<SyncEntry>) =>
        [...all].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      expect(inOrder(contentOf(shadow))).toEqual(inOrder(model.values()));
      const services = shadow.services().reduce((sum, { total }) => sum + total, 0);
      expect(services).toBe(model.size);
    }),
  );
});

test('what expires goes, and its room with it', () => {
  const shadow = shadowOf(8);
  const long = { peData: Buffer.alloc(255, 1), peName: 'sip', flags: FLAG.template, timeoutSeconds: 10 };
  for (let round = 0; round < 5; round++) {
    const nowMs = round * 30_000;
    expect(learn(shadow, { ...TCP, ...long }, nowMs)).toBe('added');
    for (let port = 1; port < 8; port++)
      expect(learn(shadow, { ...TCP, clientPort: port, timeoutSeconds: 10 }, nowMs)).toBe('added');
    for (let ms = 0; ms <= 20_000; ms += 1000) shadow.sweep(nowMs + ms);
    expect(shadow.count).toBe(0);
    expect(shadow.services()).toEqual([]);
  }
});

test('a full table takes what it knows, and others only in the place of what has expired', () => {
  const shadow = shadowOf(4);
  for (let port = 1; port <= 4; port++) learn(shadow, { ...TCP, clientPort: port, timeoutSeconds: 60 });
  expect(learn(shadow, { ...TCP, clientPort: 5 })).toBe('full');
  expect(learn(shadow, { ...TCP, clientPort: 4, timeoutSeconds: 10 })).toBe('changed');
  expect(learn(shadow, { ...TCP, clientPort: 5 }, 30_000)).toBe('added');
  expect(shadow.count).toBe(4);
});

test('long entries have no more room than there is, and what was there stays as it was', () => {
  const shadow = shadowOf(4);
  const long = { flags: FLAG.template, peName: 'sip', peData: Buffer.alloc(150, 1) };
  expect(learn(shadow, { ...TCP, ...long })).toBe('full');
  expect(shadow.count).toBe(0);
  expect(learn(shadow, { ...TCP, ...long, peData: Buffer.alloc(90, 1) })).toBe('added');
  expect(contentOf(shadow)).toEqual([{ ...TCP, ...long, peData: Buffer.alloc(90, 1) }]);
});

test('what goes on unchanged is told again after a sixteenth of its timeout', () => {
  const shadow = shadowOf(4);
  learn(shadow, TCP, 0);
  expect(learn(shadow, TCP, 57_000)).toBe('same'); // it has not been told at all yet
  shadow.order.take();
  expect(learn(shadow, TCP, 56_000)).toBe('same');
  expect(learn(shadow, TCP, 57_000)).toBe('refreshed');
  shadow.order.take();
  expect(learn(shadow, { ...TCP, flags: FLAG.sync | 0x10000 }, 58_000)).toBe('same');
});

test('of two versions the later stamp counts, in whatever order they come', () => {
  const [older, newer] = [TCP, { ...TCP, state: 4 }];
  const there = shadowOf(4);
  expect([adopt(there, older, 5), adopt(there, newer, 6)]).toEqual(['added', 'changed']);
  const back = shadowOf(4);
  expect([adopt(back, newer, 6), adopt(back, older, 5)]).toEqual(['added', 'older']);
  expect(contentOf(there)).toEqual(contentOf(back));
  expect(learn(back, older)).toBe('changed'); // its own engine saw it after all that
  expect(adopt(back, newer, 6)).toBe('older');
});

test('two versions of one stamp end as the same on both sides', () => {
  const versions = [TCP, { ...TCP, state: 4 }];
  const ends = [versions, versions.toReversed()].map((order) => {
    const shadow = shadowOf(4);
    for (const version of order) adopt(shadow, version, 5);
    return contentOf(shadow);
  });
  expect(ends[0]).toEqual(ends[1]);
});

test('an engine that only remembers adds, and never replaces', () => {
  const shadow = shadowOf(4);
  adopt(shadow, TCP, 5);
  const remember = (entry: SyncEntry) => shadow.learn(bytesOf(entry), HEADER, entryBytes(entry), false, 0);
  expect(remember({ ...TCP, state: 4 })).toBe('older');
  expect(remember({ ...TCP, clientPort: 7 })).toBe('added');
  expect(adopt(shadow, { ...TCP, clientPort: 7, state: 4 }, 1)).toBe('changed');
});

test('services by name, marks by their number, and the rest together', () => {
  const shadow = shadowOf(100);
  learn(shadow, TCP);
  learn(shadow, { ...TCP, clientPort: 2 });
  learn(shadow, { ...TCP, protocol: 132 });
  learn(shadow, { ...TCP, clientPort: 3, fwmark: 7 });
  const virtual = Uint8Array.from([0xfd, ...Array<number>(14).fill(0), 0x50]);
  learn(shadow, { ...TCP, family: 6, client: new Uint8Array(16), virtual, server: new Uint8Array(16) });
  expect(shadow.services().map(({ service, total }) => [service, total])).toEqual([
    ['SCTP 10.0.0.100:80', 1],
    ['TCP 10.0.0.100:80', 2],
    ['TCP [fd00::50]:80', 1],
    ['fwmark 7', 1],
  ]);
});

/** The last change of each, told to the other one. */
function tell(from: Shadow, to: Shadow, entry: SyncEntry): Learned {
  return adopt(to, entry, from.stamp([...from.order.walk()].at(-1)!));
}

test('of turns that two could not tell each other of, both know which was the last', () => {
  const [a, b] = [shadowOf(200), shadowOf(200)];
  const was = { ...TCP, state: 4 };
  a.turn(); // a serves
  b.hear(a.clock);
  // Now nothing gets through. b serves, and much happens there; then a again, where little does.
  for (const node of [a, b]) node.turn();
  for (let port = 1; port <= 100; port++) learn(b, { ...was, clientPort: port });
  learn(b, was);
  for (const node of [b, a]) node.turn();
  learn(a, TCP);
  expect(tell(b, a, was)).toBe('older');
  expect(tell(a, b, TCP)).toBe('changed');
});

test('who overtakes what the peer remembers goes no further than it has to', () => {
  const shadow = shadowOf(4);
  learn(shadow, { ...TCP, clientPort: 1 });
  learn(shadow, { ...TCP, clientPort: 2 });
  shadow.overtake(1000);
  expect([...shadow.order.walk()].map((slot) => shadow.stamp(slot))).toEqual([1001, 1002]);
  shadow.overtake(1000);
  expect(shadow.clock).toBe(1002);
});
