// A split heals between the elector and a real keepalived 2.2.7, which says no last word: whoever speaks
// first, the link is told at once where the address is.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const SPLIT = [
  'add table netdev split',
  'add chain netdev split i { type filter hook ingress device v0 priority 0; policy drop; }',
].join('; ');
const HEALS = 6;
const ADVERT_MS = 100;
const TOLD_WITHIN_MS = 150;
const SIX = 'fd00:10::100';
const GARP = { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 };

let pair: Pair;
beforeAll(async () => {
  pair = new Pair();
  for (const side of ['a', 'b'] as const)
    await until('the end of duplicate address detection', () =>
      pair.ip(side, '-6', 'addr', 'show', 'dev', DEVICE, 'scope', 'link', '-tentative').includes('fe80:'),
    );
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const vip = (text: string) => ({ address: address(text), prefixLength: 64, interface: DEVICE, scope: 0 });
const SIX_ONLY = { vips: [vip('fe80::51'), vip(SIX)], multicastGroup: address('ff02::12'), garp: GARP };

test.each([
  ['IPv4', { garp: GARP }, [], `${VIP}/24`, `who-has ${VIP} .ff:ff:ff:ff:ff:ff. tell ${VIP}`],
  ['IPv6', SIX_ONLY, ['native_ipv6'], ['fe80::51/64', `${SIX}/64`], `${SIX} > ff02::1: .*tgt is ${SIX},`],
] as const)(
  `over %s ${HEALS} of ${HEALS} heals: told within ${TOLD_WITHIN_MS} ms after keepalived yields`,
  async (_, own, words, theirs, announcement) => {
    const ours = pair.elector(settings(own));
    await ours.is('MASTER');
    const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100', ...words], 3, theirs);
    await keepalived.says('Entering BACKUP STATE');
    const capture = await pair.capture('arp or icmp6');
    const told = new RegExp(`${pair.read('a', '/sys/class/net/v0/address')} > .*${announcement}`);
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
  },
);
