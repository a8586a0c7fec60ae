// Leases are long enough for as many addresses as there are.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { leaseSecondsFor, renewEachMs } from '../../src/vrrp/lease.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    address: address(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
    prefixLength: 32,
    interface: 'eth0',
    scope: 0,
  }));
const leases = (leaseSeconds: number, vips: number, excluded = 0) => ({
  leaseSeconds,
  instances: [
    { vips: many(vips), excludedVips: [] },
    { vips: [], excludedVips: many(excluded) },
  ],
});

test('a few hundred addresses have the lease that the file says', () => {
  expect(leaseSecondsFor(leases(4, 1, 600))).toBe(4);
  expect(renewEachMs(leases(3, 1))).toBe(1000);
});
test('thousands have longer ones, whoever they belong to', () => {
  expect(leaseSecondsFor(leases(4, 1000, 4000))).toBe(30);
  expect(renewEachMs(leases(4, 1000, 4000))).toBe(10_000);
  expect(leaseSecondsFor(leases(60, 5000))).toBe(60);
});
test('without an end they stay without one', () => {
  expect(leaseSecondsFor(leases(0, 5000))).toBe(0);
  expect(renewEachMs(leases(0, 5000))).toBe(0);
});
