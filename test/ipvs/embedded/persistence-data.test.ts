// Texts as numbers, against a Map that does the same: whatever is used and given up, each text has one number
// while somebody uses it, its own bytes, and the pieces that it needs.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PersistenceData } from '../../../src/ipvs/embedded/persistence-data.ts';

const CAPACITY = 24;
const text = fc
  .tuple(fc.constantFrom(1, 2, 31, 32, 33, 64, 65, 255), fc.constantFrom('a', 'b', 'é'))
  .map(([length, letter]) => `${letter.repeat(length - 1)}${length}`.slice(0, length));
const act = fc.record({ do: fc.constantFrom('use', 'use', 'giveUp'), text });

type Known = { number: number; uses: number; pieces: number };

function use(data: PersistenceData, known: Map<string, Known>, bytes: Buffer): void {
  const key = bytes.toString('latin1');
  const number = data.intern(bytes, 1, bytes.length - 1);
  const before = known.get(key);
  const pieces = Math.ceil((bytes.length - 1) / 32);
  if (before === undefined) {
    const used = [...known.values()].reduce((sum, one) => sum + one.pieces, 0);
    expect(number === 0).toBe(used + pieces > CAPACITY);
    if (number !== 0) known.set(key, { number, uses: 1, pieces });
    return;
  }
  expect(number).toBe(before.number);
  before.uses++;
}

test('the same as a Map, and all memory comes back', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.integer(), (history, seed) => {
      const data = new PersistenceData({ capacity: CAPACITY, seed });
      const known = new Map<string, Known>();
      for (const step of history) {
        const bytes = Buffer.from(`>${step.text}`, 'latin1');
        const key = bytes.toString('latin1');
        const one = known.get(key);
        if (step.do === 'use') use(data, known, bytes);
        else if (one !== undefined) {
          data.release(one.number);
          if (--one.uses === 0) known.delete(key);
        }
        expect(data.find(bytes, 1, bytes.length - 1)).toBe(known.get(key)?.number ?? 0);
      }
      for (const [key, { number }] of known) {
        expect(Buffer.from(data.bytes(number)).toString('latin1')).toBe(key.slice(1));
      }
      for (const { number, uses } of known.values()) for (let i = 0; i < uses; i++) data.release(number);
      expect(data.pieces).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('of an empty table nothing is found', () => {
  expect(new PersistenceData({ capacity: 1, seed: 0 }).find(Buffer.from('x'), 0, 1)).toBe(0);
});
