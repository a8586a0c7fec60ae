// What `lvs-director sync` prints: never more than is known, and what would break.
import { expect, test } from 'vitest';
import { type SyncDocument, syncDocument } from '../../src/console/sync-document.ts';
import { renderSync } from '../../src/console/sync-text.ts';
import { address } from '../../src/core/address.ts';
import { percent } from '../../src/core/percent.ts';
import type { SyncStatus } from '../../src/sync/status.ts';

const PLACE = { address: address('10.0.9.2'), port: 8849 };
const STATUS: SyncStatus = {
  state: 'complete',
  peer: { bootId: 'ab'.repeat(16), epoch: 1, engine: 'kernel', capacity: 1_000_000 },
  connections: 41_203,
  covered: 41_195,
  refusedByPeer: 0,
  refusedHere: 0,
  full: 0,
  lagMs: 40.4,
  services: [
    { service: 'TCP 192.0.2.1:80', total: 41_000, covered: 40_992 },
    { service: 'UDP [2001:db8::1]:53', total: 203, covered: 203 },
  ],
  copies: {
    in: { entries: 12_000, of: 41_190, complete: true },
    out: { entries: 50_000, of: 41_203, complete: true },
  },
};
const text = (status: Partial<SyncStatus>) => renderSync(syncDocument({ ...STATUS, ...status }, PLACE));

test('of two that know each other', () => {
  expect(text({})).toBe(`\
sync with 10.0.9.2:8849 (kernel engine): each knows what the other knows
  on the peer  ███████████████████████░ 99.98 % of 41,203 connections, lag 40 ms
               8 would break
  copy in      ████████████████████████ whole, 12,000 entries so far
  copy out     ████████████████████████ whole, 50,000 entries so far

service               connections  on the peer
TCP 192.0.2.1:80           41,000      99.98 %
UDP [2001:db8::1]:53          203        100 %
`);
});

test('of a copy that is under way, and of one that has not begun', () => {
  const copies = {
    in: { entries: 500_000, of: 1_000_000, complete: false },
    out: { entries: 0, of: undefined, complete: false },
  };
  const told = text({ state: 'resyncing', covered: 0, connections: 7, services: [], copies });
  expect(told).toContain('full copies are under way\n');
  expect(told).toContain('  copy in      ████████████░░░░░░░░░░░░ 500,000 of 1,000,000\n');
  expect(told).toContain('  copy out     ░░░░░░░░░░░░░░░░░░░░░░░░ not begun\n');
  expect(told).toMatch(/7 would break\n[\s\S]*no connections\n$/);
});

test('of what was refused, on either side', () => {
  const told = text({ refusedHere: 1, refusedByPeer: 2000, full: 3 });
  expect(told).toContain('  1 of the peer had no room or no use here\n  2,000 had no room or no use there\n');
  expect(told).toContain("  3 of this node's own had no room\n");
});

test('alone, with nothing to lose, and without sync', () => {
  const alone: Partial<SyncStatus> = { state: 'alone', peer: undefined, lagMs: undefined };
  expect(text(alone)).toMatch(/^sync with 10\.0\.9\.2:8849: not connected/);
  expect(syncDocument({ ...STATUS, connections: 0, covered: 0 }, PLACE)).toMatchObject({ coverage: 1 });
  const off: SyncDocument = syncDocument(undefined, undefined);
  expect(off).toEqual({ state: 'off' });
  expect(renderSync(off)).toBe('no sync { … } in the configuration\n');
});

test('nothing is rounded up to the whole', () => {
  expect(percent(1)).toBe('100 %');
  expect(percent(0.999_999)).toBe('99.99 %');
  expect(percent(0)).toBe('0.00 %');
});
