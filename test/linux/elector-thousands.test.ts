// A MASTER with thousands of addresses: adding them takes the kernel longer than a backup waits for an
// advert, and renewing them all must not take longer than they last.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { DEVICE, Pair, pause, settings, until } from './elector-pair.ts';

const ADDRESSES = 12_000;
/** The first of them; a lease that is not longer for so many ends in less. */
const WATCHED_MS = 6_000;

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterAll(() => pair.remove());

const excludedVips = Array.from({ length: ADDRESSES }, (_, n) => ({
  address: address(`10.3.${n >> 8}.${n & 255}`),
  prefixLength: 32,
  interface: DEVICE,
  scope: 0,
}));
const added = () => pair.ip('a', '-brief', 'address', 'show', 'dev', DEVICE).split(' 10.3.').length - 1;

test(`${ADDRESSES} addresses come without a pause of the adverts, and stay`, async () => {
  const backup = pair.elector(settings({ priority: 50 }), 'b');
  await backup.is('MASTER');
  const master = pair.elector(settings({ excludedVips }));
  await master.is('MASTER');
  await until('all of them', () => added() === ADDRESSES);
  await pause(WATCHED_MS);
  expect(added()).toBe(ADDRESSES);
  expect(master.notices.filter((notice) => notice.includes('put back'))).toEqual([]);
  expect(master.states.filter((state) => state === 'MASTER')).toHaveLength(1);
  expect(backup.states).toEqual(['BACKUP', 'MASTER', 'BACKUP']);
  // 72 s, of which some have gone by.
  const shown = pair.ip('a', 'address', 'show', 'to', '10.3.0.0/32');
  const left = Number(/valid_lft (\d+)sec/.exec(shown)?.[1]);
  expect(left).toBeGreaterThan(40);
  expect(left).toBeLessThanOrEqual(72);
});
