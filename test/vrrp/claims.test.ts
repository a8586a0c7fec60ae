// Who else has an address of a master: asked before an advert, told when it begins and when it ends.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { arpProbe, claimIn } from '../../src/vrrp/arp.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { LINK, VIP } from '../sim/world.ts';
import { GROUP, Lone, noticesOf } from './lone.ts';

const MAC = '1e:8e:95:35:c7:2f';
const QUIET = { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 };
const verbs = (actions: readonly Action[]) =>
  actions.map((action) => action.do).filter((verb) => verb !== 'report');
const events = (actions: readonly Action[]) => noticesOf(actions).map(({ event }) => event);

function master(own = {}): Lone {
  const lone = new Lone();
  lone.configure([{ garp: QUIET, ...own }]);
  lone.pass(4000);
  expect(lone.states).toEqual(['MASTER']);
  return lone;
}
const claim = (lone: Lone) => lone.feed({ type: 'claim', interface: LINK, address: VIP, mac: MAC });

test('asked before each advert, so that whoever has it answers before it yields', () => {
  expect(verbs(master().pass(1000))).toEqual(['ask', 'send']);
});
test('at most each 50 ms, of an interface together', () => {
  const lone = master({ advertMs: 10 });
  expect(verbs(lone.pass(1000)).filter((verb) => verb === 'ask')).toHaveLength(20);
});
test('told once when somebody has it, asked again soon, and told once more when he has it no more', () => {
  const lone = master();
  lone.pass(1000);
  const begun = claim(lone);
  expect([verbs(begun), events(begun)]).toEqual([['announce'], ['vip.claimed']]);
  expect(verbs(lone.pass(30))).toEqual(['ask']);
  expect(verbs(claim(lone))).toEqual([]);
  const ended = lone.pass(70);
  expect([verbs(ended), events(ended)]).toEqual([['ask', 'announce'], ['vip.unclaimed']]);
  expect(verbs(lone.pass(500))).toEqual([]);
});
test('two that never hear each other do not take it from each other for ever', () => {
  const lone = master();
  lone.pass(1000);
  claim(lone);
  let told = 0;
  for (let n = 0; n < 2000; n++) {
    const asked = verbs(lone.pass(30)).includes('ask');
    if (asked && verbs(claim(lone)).includes('announce')) told++;
  }
  expect(told).toBe(0);
});
test('who was master before may have it a moment longer', () => {
  const lone = new Lone();
  lone.configure([{ garp: QUIET, priority: 255 }]);
  expect(lone.states).toEqual(['MASTER']);
  expect(verbs(claim(lone))).toEqual([]);
});
test('not where all routers of an id have one MAC, nor by one that is not master', () => {
  const lone = new Lone();
  lone.configure([{ garp: QUIET, multicastGroup: GROUP }]);
  lone.hear({ priority: 200 });
  expect(verbs(claim(lone))).toEqual([]);
  expect(verbs(lone.pass(1000))).not.toContain('ask');
});

test('a probe is from nobody; a reply tells who has it', () => {
  const mac = Buffer.from('7a3ac5627301', 'hex');
  const probe = arpProbe(address('10.1.0.100'), mac);
  const golden =
    'ffffffffffff7a3ac56273010806000108000604000' + '17a3ac562730100000000' + '0000000000000a010064';
  expect(probe.toString('hex')).toBe(golden);
  expect(claimIn(probe)).toBeUndefined();
  const reply = Buffer.from(probe);
  reply[21] = 2;
  Buffer.from(MAC.replaceAll(':', ''), 'hex').copy(reply, 22);
  Buffer.from([10, 1, 0, 100]).copy(reply, 28);
  expect(claimIn(reply)).toEqual({ address: '10.1.0.100', mac: MAC });
  expect(claimIn(reply.subarray(0, 41))).toBeUndefined();
});
