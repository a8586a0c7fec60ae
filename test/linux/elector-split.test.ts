// A split heals between the elector and a real keepalived 2.2.7, which says no last word: whoever speaks
// first, the link is told at once where the address is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pair, pause, settings, until, VIP } from './elector-pair.ts';

const SPLIT = [
  'add table netdev split',
  'add chain netdev split i { type filter hook ingress device v0 priority 0; policy drop; }',
].join('; ');
const HEALS = 6;
const ADVERT_MS = 100;
const TOLD_WITHIN_MS = 150;

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterAll(() => pair.remove());

test(`${HEALS} of ${HEALS} heals: told within ${TOLD_WITHIN_MS} ms after keepalived yields`, async () => {
  const garp = { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 };
  const ours = pair.elector(settings({ garp }));
  await ours.is('MASTER');
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
  await keepalived.says('Entering BACKUP STATE');
  const capture = await pair.capture('arp');
  const told = new RegExp(
    `${pair.read('a', '/sys/class/net/v0/address')} > .* who-has ${VIP} .ff:ff:ff:ff:ff:ff. tell ${VIP}`,
  );
  for (let heal = 0; heal < HEALS; heal++) {
    keepalived.forget();
    for (const side of ['a', 'b'] as const) await pair.output(side, ['nft', SPLIT]);
    await keepalived.says('Entering MASTER STATE');
    await pause(500 + heal * 17);
    const before = capture.matching(told).length;
    for (const side of ['a', 'b'] as const) await pair.output(side, ['nft', 'delete table netdev split']);
    const healedAtMs = Date.now();
    const line = await until('our announcement', () => capture.matching(told)[before], 3000);
    // Our next advert is what makes keepalived yield.
    expect(Number(line.split(' ')[0]) * 1000).toBeLessThan(healedAtMs + ADVERT_MS + TOLD_WITHIN_MS);
    await keepalived.says('Entering BACKUP STATE');
    await pause(TOLD_WITHIN_MS);
  }
  expect(ours.states).toEqual(['BACKUP', 'MASTER']);
});
