// The embedded engine speaks the kernel's sync format well enough for the kernel, and the kernel for it: a
// pair of one each keeps every session, whichever of them dies.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

type Result = {
  /** Lines of /proc/net/ip_vs_conn on the backup. */
  kernelTable: string[];
  kernelServices: string;
  engineToKernel: number;
  engineKnows: number;
  kernelToEngine: number;
  sync: Record<string, number>;
  /** Which server each call had, before and after. */
  callsOfEngine: string[][];
  callsOfKernel: string[][];
};

const { result, log } = await bootGuest({ program: 'engine-sync.ts' });
const seen = result as Result | undefined;

test('the kernel takes in what the engine tells: states, servers, timeouts, templates', () => {
  const states = seen?.kernelTable.map((line) => line.trim().split(/\s+/)[7]).sort();
  expect(states, log).toEqual([
    ...Array(5).fill('ASSURED'),
    ...Array(8).fill('ESTABLISHED'),
    ...Array(5).fill('UDP'),
  ]);
  const calls = seen?.kernelTable.flatMap((line) => / sip +(\S+)/.exec(line)?.[1] ?? []);
  expect(calls?.toSorted()).toEqual(['a@x', 'b', 'c@x', 'd@y']);
  // Bound to its servers, not only kept: they are counted.
  const active = [...seen!.kernelServices.matchAll(/Masq +1 +(\d+) +(\d+)/g)].map((match) =>
    Number(match[1]),
  );
  expect(active.reduce((sum, count) => sum + count, 0)).toBe(8);
});

test('every session goes on through the kernel when the engine dies', () => {
  expect(seen?.engineToKernel, log).toBe(8);
});

test('every session goes on through the engine when it takes over from the kernel', () => {
  expect(
    Object.keys(seen?.sync ?? {}).filter((name) => name.startsWith('dropped')),
    log,
  ).toEqual([]);
  expect(seen?.engineKnows).toBeGreaterThanOrEqual(12);
  expect(seen?.kernelToEngine).toBe(12);
});

test('every call of persistence engine sip stays with its server, in both directions', () => {
  for (const [before, after] of [seen!.callsOfEngine, seen!.callsOfKernel]) {
    expect(new Set(before).size, log).toBe(2);
    expect(after).toEqual(before);
  }
});
