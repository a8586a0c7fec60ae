// Records in a ring: what was appended last comes out, whole and in order, also to whoever reads meanwhile.
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { append, copyRing, openRing, records, ringMemory } from '../../src/vrrp/ring.ts';

const CAPACITY = 1 << 13;

test('of any sequence the end comes out, byte for byte, and most of the room is used', () => {
  const one = fc.record({
    kind: fc.integer({ min: 1, max: 255 }),
    atMs: fc.double({ noNaN: true }),
    name: fc.stringMatching(/^[a-zä0-9]{0,20}$/),
    body: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), (written) => {
      const ring = openRing(ringMemory(CAPACITY));
      for (const { kind, atMs, name, body } of written) append(ring, kind, atMs, name, body);
      const copy = copyRing(ring);
      const read = [...records(copy)];
      expect(read).toEqual(written.slice(written.length - read.length));
      const isAll = read.length === written.length;
      // A record and the filler before the end of the ring may be missing.
      expect(isAll || copy.length > CAPACITY - 2 * 1600).toBe(true);
    }),
  );
});

test('long bodies and names are cut off, texts are UTF-8', () => {
  const ring = openRing(ringMemory(CAPACITY));
  append(ring, 1, 2, 'n'.repeat(200), Buffer.alloc(5000, 7));
  append(ring, 3, 4, '', 'ünder → way');
  const [long, text] = [...records(copyRing(ring))];
  expect([long!.name.length, long!.body]).toEqual([64, Buffer.alloc(1500, 7)]);
  expect([text!.kind, text!.atMs, text!.body.toString()]).toEqual([3, 4, 'ünder → way']);
});

test('positions go on where 32 bits end', () => {
  const memory = ringMemory(CAPACITY);
  new Int32Array(memory, 0, 2).fill(-CAPACITY / 2);
  const ring = openRing(memory);
  for (let n = 0; n < 1000; n++) append(ring, 1, n, 'v0', Buffer.alloc(100, n));
  const read = [...records(copyRing(ring))];
  expect(read.length).toBeGreaterThan(50);
  expect(read.map(({ atMs }) => atMs)).toEqual(Array.from(read, (_, n) => 1000 - read.length + n));
});

describe('while another thread appends', () => {
  test('every copy is whole: nothing of it is half overwritten', async () => {
    const memory = ringMemory(CAPACITY);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const module = new URL('../../src/vrrp/ring.ts', import.meta.url).href;
    const source = `
      const { workerData } = require('node:worker_threads');
      import('${module}').then(({ append, openRing }) => {
        const ring = openRing(workerData.memory);
        for (let n = 0; Atomics.load(workerData.stop, 0) === 0; n++)
          append(ring, 1 + (n % 200), n, 'v0', Buffer.alloc(n % 300, n));
      });`;
    const worker = new Worker(source, { eval: true, workerData: { memory, stop } });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const ring = openRing(memory);
    let seen = 0;
    const end = performance.now() + 400;
    // On a busy machine the other thread may have hardly begun by then.
    while (performance.now() < end || seen <= 20) {
      const read = [...records(copyRing(ring))];
      for (const [i, { kind, atMs: n, name, body }] of read.entries()) {
        expect(n).toBe(read[0]!.atMs + i);
        expect([kind, name]).toEqual([1 + (n % 200), 'v0']);
        expect(body.equals(Buffer.alloc(n % 300, n))).toBe(true);
      }
      seen += read.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    Atomics.store(stop, 0, 1);
    await ended;
    expect(seen).toBeGreaterThan(20);
  });
});
