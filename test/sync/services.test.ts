// Counts of services whose hashes are the same: told apart, and found again whichever of them goes first.
import { expect, test } from 'vitest';
import { encodeDatagrams } from '../../src/sync/encode.ts';
import type { SyncEntry } from '../../src/sync/entry.ts';
import { mix } from '../../src/sync/mix.ts';
import { ServiceCounts } from '../../src/sync/services.ts';
import { TCP } from './entries.ts';

const HEADER = 8;
const SEED = 7;
const bytesOf = (entry: SyncEntry) =>
  encodeDatagrams({ syncId: 0, maxlen: 1472 }, [entry])[0]!.subarray(HEADER);

/** The one service of that port that collides with TCP's. */
function colliding(virtualPort: number): SyncEntry {
  const after = (port: number) => mix(mix(SEED, 0), (TCP.protocol << 16) | port);
  const virtual = (after(TCP.virtualPort) ^ TCP.virtual ^ after(virtualPort)) >>> 0;
  return { ...TCP, virtual, virtualPort };
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
test.each(ORDERS)('services of one hash, the %i., %i. and %i. removed in turn', (...order) => {
  const counts = new ServiceCounts(SEED);
  const entries = [TCP, colliding(443), colliding(8080)];
  const numbers = entries.map((entry) => counts.add(bytesOf(entry)));
  expect(new Set(numbers).size).toBe(3);
  const left = new Set(numbers);
  for (const index of order) {
    counts.remove(numbers[index]!);
    left.delete(numbers[index]!);
    expect(counts.list()).toHaveLength(left.size);
    for (const number of left) {
      const entry = entries[numbers.indexOf(number)]!;
      expect(counts.add(bytesOf(entry))).toBe(number);
      counts.remove(number);
    }
  }
});
