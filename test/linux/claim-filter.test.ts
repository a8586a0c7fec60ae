// What the elector hears of its neighbours: answers about addresses that it asked for, nothing else.
import { expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import { answersAbout, wordOf } from '../../src/linux/elector/claim-filter.ts';
import { arpProbe, gratuitousArp } from '../../src/vrrp/arp.ts';
import { neighbourAdvertisement, neighbourSolicitation } from '../../src/vrrp/neighbour.ts';
import { passed } from './bpf-interpreter.ts';

const MAC = Buffer.from('020000000001', 'hex');
const [FOUR, SIX] = [address('10.0.0.50'), address('fd00::50')];
const programs = {
  4: answersAbout(4, new Set([wordOf(address('10.0.0.49')), wordOf(FOUR)])),
  6: answersAbout(6, new Set([wordOf(address('fd00::49')), wordOf(SIX)])),
};
function reply(vip: Address): Buffer {
  const frame = gratuitousArp(vip, MAC);
  frame[21] = 2;
  return frame;
}
/** As its socket sees it. */
const message = (frame: Buffer) => frame.subarray(54);

test('of ARP: replies from the address', () => {
  expect(passed(programs[4], reply(FOUR))).toBeGreaterThan(0);
  expect(passed(programs[4], reply(address('10.0.0.51')))).toBe(0);
  expect(passed(programs[4], gratuitousArp(FOUR, MAC))).toBe(0);
  expect(passed(programs[4], arpProbe(FOUR, MAC))).toBe(0);
});
test('of neighbour discovery: advertisements of the address', () => {
  const local = address('fe80::1');
  expect(passed(programs[6], message(neighbourAdvertisement(SIX, MAC, false)))).toBeGreaterThan(0);
  expect(passed(programs[6], message(neighbourAdvertisement(address('fd00::51'), MAC, false)))).toBe(0);
  expect(passed(programs[6], message(neighbourSolicitation(SIX, MAC, local)))).toBe(0);
  expect(passed(programs[6], Buffer.from([136, 0, 0, 0]))).toBe(0);
});
test('nothing asked for, nothing heard; more than a program has room for, all of it', () => {
  expect(passed(answersAbout(4, new Set()), reply(FOUR))).toBe(0);
  const many = (count: number) => answersAbout(4, new Set(Array.from({ length: count }, (_, n) => n)));
  expect(many(1000).length / 8).toBeLessThan(4096);
  expect(passed(many(1000), reply(FOUR))).toBe(0);
  expect(passed(many(1001), reply(FOUR))).toBeGreaterThan(0);
  expect(passed(many(1001), gratuitousArp(FOUR, MAC))).toBe(0);
});
