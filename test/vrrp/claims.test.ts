// Who else has an address of a master: asked before an advert and each second, told when it begins and when
// it ends.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { macText } from '../../src/vrrp/ethernet.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { questionFrame } from '../../src/vrrp/questions.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { LINK, VIP } from '../sim/world.ts';
import { GROUP, Lone, noticesOf, OURS, THEIRS } from './lone.ts';

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

/** Whom it asks what, apart from adverts: `few` hear it, or `all`. */
const asked = (actions: readonly Action[]) =>
  actions.flatMap((action) => {
    if (action.do !== 'ask') return [];
    const { interface: device, address: vip, group, source, owner } = action.question;
    return [`${device} ${vip} ${group ?? source ?? owner ?? 'all'}`];
  });
const vipOf = (text: string, device = LINK) => ({
  address: address(text),
  prefixLength: text.includes(':') ? 64 : 24,
  interface: device,
  scope: 0,
});

test('rivals are asked before each advert, so that whoever has it answers before it yields', () => {
  const actions = master().pass(1000);
  expect(verbs(actions)).toEqual(['ask', 'send', 'ask']);
  expect(asked(actions)).toEqual([`${LINK} ${VIP} ${GROUP}`, `${LINK} ${VIP} all`]);
});
test('also where adverts are as fast as they can be', () => {
  const actions = master({ advertMs: 10 }).pass(1000);
  const before = verbs(actions).flatMap((verb, i, all) => (verb === 'send' ? [all[i - 1]] : []));
  expect(before).toHaveLength(100);
  expect(new Set(before)).toEqual(new Set(['ask']));
});
test('of many on one interface only some ask: 200 questions a second for routers, 20 for everybody', () => {
  const many = (more: Partial<InstanceSettings>) =>
    Array.from({ length: 20 }, (_, n) => ({
      name: `VI_${n}`,
      vrid: n + 1,
      advertMs: 10,
      vips: [vipOf(`10.0.0.${100 + n}`)],
      garp: QUIET,
      ...more,
    }));
  for (const [more, most] of [
    [{}, 200],
    [{ unicastPeers: [THEIRS] }, 20],
  ] as const) {
    const lone = new Lone();
    lone.configure(many(more));
    lone.pass(1000);
    expect(asked(lone.pass(1000)).length).toBeLessThanOrEqual(most + 1);
  }
});
test('everybody is asked for one address after the other, one each second on each interface', () => {
  const vips = [vipOf('10.0.0.50'), vipOf('10.0.0.51')];
  const lone = master({ vips, excludedVips: [vipOf('10.0.0.52'), vipOf('10.9.0.1', 'eth9')] });
  lone.pass(500);
  const all = asked(lone.pass(3000)).filter((each) => each.endsWith('all'));
  const of = (device: string) =>
    all.filter((each) => each.startsWith(device)).map((each) => each.split(' ')[1]);
  expect(of(LINK).toSorted()).toEqual(['10.0.0.50', '10.0.0.51', '10.0.0.52']);
  // Before each advert as well: nobody has joined the group there.
  expect(of('eth9')).toEqual(Array(6).fill('10.9.0.1'));
});

describe('over IPv6', () => {
  const LOCAL = address('fe80::11');
  const six = {
    multicastGroup: address('ff02::12'),
    vips: [vipOf('fe80::50'), vipOf('fd00::50')],
    garp: QUIET,
  };
  test('from a link-local address that is no virtual one; not before there is one', () => {
    const lone = new Lone();
    const four = { name: 'VI_4', excludedVips: [vipOf('fd00::60')], garp: QUIET };
    lone.configure([four]);
    lone.pass(4000);
    expect(asked(lone.pass(2000)).filter((each) => each.includes('fd00'))).toEqual([]);
    lone.link([OURS, address('fe80::50'), LOCAL]);
    lone.configure([six, four]);
    lone.pass(5000);
    const all = asked(lone.pass(4000));
    expect(all).toContain(`${LINK} fe80::50 ${LOCAL}`);
    expect(all).toContain(`${LINK} fd00::50 ${LOCAL}`);
    expect(all).toContain(`${LINK} fd00::60 ${LOCAL}`);
    expect(all.some((each) => each.endsWith(' fe80::50'))).toBe(false);
  });
  test('told as over IPv4', () => {
    const lone = new Lone();
    lone.link([LOCAL]);
    lone.configure([six]);
    lone.pass(5000);
    const begun = lone.feed({ type: 'claim', interface: LINK, address: address('fd00::50'), mac: MAC });
    expect(events(begun)).toEqual(['vip.claimed']);
    expect(begun.flatMap((action) => (action.do === 'announce' ? action.vips : []))).toEqual(six.vips);
    expect(events(lone.pass(100))).toEqual(['vip.unclaimed']);
  });
});

describe('with a virtual MAC', () => {
  const device = { name: 'vrrp.51', base: LINK, mac: '00:00:5e:00:01:33', family: 4 } as const;
  function withDevice(sendsOnBase: boolean): Lone {
    const lone = new Lone();
    lone.feed({ type: 'link', interface: 'vrrp.51', link: { up: true, addresses: [] } });
    const vips = [vipOf('10.0.0.50', 'vrrp.51')];
    lone.configure([{ vips, vmac: { device, sendsOnBase, others: [] }, garp: QUIET }]);
    lone.pass(4000);
    return lone;
  }
  test('through the base, and whoever the switch takes for us where rivals have not joined the group', () => {
    expect(asked(withDevice(false).pass(1000))).toEqual([`${LINK} ${VIP} ${GROUP}`, `${LINK} ${VIP} all`]);
    const [question] = withDevice(true)
      .pass(1000)
      .flatMap((action) => (action.do === 'ask' ? [action.question] : []));
    expect(asked(withDevice(true).pass(1000))).toEqual([
      `${LINK} ${VIP} ${device.mac}`,
      `${LINK} ${VIP} all`,
    ]);
    const frame = questionFrame(question!, Buffer.alloc(6, 2));
    expect(macText(frame.subarray(0, 6))).toBe(device.mac);
    expect(macText(frame.subarray(6, 12))).toBe('02:02:02:02:02:02');
  });
  test('a rival has the same MAC', () => {
    const lone = withDevice(true);
    lone.pass(1000);
    const begun = lone.feed({ type: 'claim', interface: LINK, address: VIP, mac: device.mac });
    expect([verbs(begun), events(begun)]).toEqual([['announce'], ['vip.claimed']]);
  });
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
test('one that stays hides no other', () => {
  const lone = master();
  lone.pass(1000);
  claim(lone);
  const another = lone.feed({ type: 'claim', interface: LINK, address: VIP, mac: '02:00:00:00:00:07' });
  expect([verbs(another), events(another)]).toEqual([['announce'], ['vip.claimed']]);
});
test('forged answers of ever more MACs are not told without end', () => {
  const lone = master();
  lone.pass(1000);
  const told = Array.from({ length: 1000 }, (_, n) =>
    events(lone.feed({ type: 'claim', interface: LINK, address: VIP, mac: `02:00:00:00:00:${n}` })),
  );
  expect(told.flat()).toHaveLength(4);
});
test('two that never hear each other do not take it from each other for ever', () => {
  const lone = master();
  lone.pass(1000);
  claim(lone);
  let told = 0;
  for (let n = 0; n < 2000; n++) {
    const isAsked = verbs(lone.pass(30)).includes('ask');
    if (isAsked && verbs(claim(lone)).includes('announce')) told++;
  }
  expect(told).toBe(0);
});
test('who was master before may have it a moment longer', () => {
  const lone = new Lone();
  lone.configure([{ garp: QUIET, priority: 255 }]);
  expect(lone.states).toEqual(['MASTER']);
  expect(verbs(claim(lone))).toEqual([]);
});
test('not by one that is not master', () => {
  const lone = new Lone();
  lone.configure([{ garp: QUIET, multicastGroup: GROUP }]);
  lone.pass(2990);
  lone.hear({ priority: 200 });
  expect(verbs(claim(lone))).toEqual([]);
  expect(verbs(lone.pass(1000))).not.toContain('ask');
});
