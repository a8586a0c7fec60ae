// Who has an address before we are MASTER: asked while BACKUP, told as a warning unless it is the master, and
// never a reason to wait.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { LINK, VIP } from '../sim/world.ts';
import { Lone, noticesOf, THEIRS } from './lone.ts';

const [THEIR_MAC, ANOTHER] = ['1e:8e:95:35:c7:2f', '02:00:00:00:00:07'];
const OTHER = address('10.0.0.51');
const duplicates = (actions: readonly Action[]) =>
  noticesOf(actions).flatMap(({ event, fields }) =>
    event === 'vip.duplicate' ? [`${fields?.interface} ${fields?.vip} ${fields?.mac}`] : [],
  );
const asked = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.do === 'ask' ? [action.question.address] : []));

function backup(own: Partial<InstanceSettings> = {}): Lone {
  const lone = new Lone();
  lone.configure([own]);
  expect(lone.states).toEqual(['BACKUP']);
  return lone;
}
const answer = (lone: Lone, mac: string, vip = VIP) =>
  lone.feed({ type: 'claim', interface: LINK, address: vip, mac });
/** Adverts of the master for so long. */
function follow(lone: Lone, ms: number): Action[] {
  const actions: Action[] = [];
  for (let n = 0; n < ms / 100; n++) actions.push(...lone.hear(), ...lone.pass(100));
  return actions;
}

test('each address three times, a second apart', () => {
  const vips = [VIP, OTHER].map((each) => ({ address: each, prefixLength: 24, interface: LINK, scope: 0 }));
  const lone = backup({ vips, advertMs: 10_000 });
  expect(asked(lone.pass(500))).toEqual([VIP, OTHER]);
  expect(asked(lone.pass(1000))).toEqual([VIP, OTHER]);
  expect(asked(lone.pass(10_000))).toEqual([VIP, OTHER]);
});
test('a thousand addresses are not asked for at once', () => {
  const vips = Array.from({ length: 1000 }, (_, n) => ({
    address: address(`10.${n >> 8}.${n & 255}.1`),
    prefixLength: 32,
    interface: LINK,
    scope: 0,
  }));
  const lone = backup({ vips, advertMs: 10_000 });
  const first = asked(lone.pass(6400));
  expect(new Set(first).size).toBe(1000);
  expect(asked(lone.feed({ type: 'wake' })).length).toBeLessThanOrEqual(16);
});
test('of many instances neither', () => {
  const lone = new Lone();
  lone.configure(Array.from({ length: 200 }, (_, n) => ({ name: `VI_${n}`, vrid: n + 1 })));
  let [all, longest] = [0, 0];
  for (let n = 0; n < 100; n++) {
    const { length } = asked(lone.feed({ type: 'wake' }));
    all += length;
    longest = Math.max(longest, length);
  }
  expect([all, longest]).toEqual([200, 16]);
});

describe('the master has it, as it should', () => {
  test.each([
    ['known by the MAC of its address', [THEIR_MAC], THEIR_MAC],
    ['that has two interfaces on the link', [THEIR_MAC, ANOTHER], ANOTHER],
    ["by the virtual router's MAC", [THEIR_MAC], '00:00:5e:00:01:33'],
  ])('%s', (_, macs, mac) => {
    const lone = backup();
    lone.pass(1);
    answer(lone, mac);
    expect(asked(lone.hear())).toEqual([THEIRS]);
    for (const each of macs) answer(lone, each, THEIRS);
    expect(duplicates(follow(lone, 5000))).toEqual([]);
  });
  test('known by nothing: on another link than that of its adverts', () => {
    const lone = backup();
    lone.pass(1);
    answer(lone, THEIR_MAC);
    expect(duplicates(follow(lone, 5000))).toEqual([]);
    expect(lone.counters).not.toHaveProperty('VI_1.duplicateAddresses');
  });
});

describe('told', () => {
  test('somebody beside the master, once for each of its addresses, at once', () => {
    const lone = backup();
    lone.hear();
    lone.pass(1);
    answer(lone, THEIR_MAC, THEIRS);
    answer(lone, THEIR_MAC);
    answer(lone, ANOTHER);
    expect(duplicates(lone.pass(60))).toEqual([`${LINK} ${VIP} ${ANOTHER}`]);
    const rest = [...follow(lone, 900), ...answer(lone, ANOTHER), ...follow(lone, 3000)];
    expect(duplicates(rest)).toEqual([]);
    expect(lone.counters).toHaveProperty('VI_1.duplicateAddresses', 1);
  });
  test('when nobody is heard, as we become MASTER: before that a master may be', () => {
    const lone = backup();
    lone.pass(1);
    answer(lone, THEIR_MAC);
    expect(duplicates(lone.pass(3500))).toEqual([]);
    const actions = lone.pass(200);
    expect(lone.states).toEqual(['MASTER']);
    expect(duplicates(actions)).toEqual([`${LINK} ${VIP} ${THEIR_MAC}`]);
    const message = noticesOf(actions).find(({ event }) => event === 'vip.duplicate')!.message;
    expect(message).toBe(`(VI_1) ${THEIR_MAC} has ${VIP} on ${LINK}, but no master is heard`);
  });
  test('also what has our virtual MAC, when nobody is heard', () => {
    const lone = backup();
    lone.pass(1);
    answer(lone, '00:00:5e:00:01:33');
    expect(duplicates(lone.pass(4000))).toHaveLength(1);
  });
});

test('neither the question nor an answer puts a takeover off', () => {
  const quiet = backup();
  const lone = backup();
  for (let n = 0; n < 40; n++) {
    answer(lone, THEIR_MAC);
    for (const each of [quiet, lone]) each.pass(100);
  }
  const since = (each: Lone) => each.elector.instances.get('VI_1')!.sinceMs;
  expect([lone.states, since(lone)]).toEqual([['MASTER'], since(quiet)]);
});
test('a reload that brings an address asks for it; one that brings none does not', () => {
  const lone = backup({ advertMs: 10_000 });
  lone.pass(5000);
  const vip = { address: OTHER, prefixLength: 24, interface: LINK, scope: 0 };
  lone.configure([{ advertMs: 10_000, excludedVips: [vip] }]);
  expect(asked(lone.pass(100))).toEqual([VIP, OTHER]);
  lone.pass(5000);
  lone.configure([{ advertMs: 9000, excludedVips: [vip] }]);
  expect(asked(lone.pass(5000))).toEqual([]);
});
test('forged adverts and answers are not kept without end', () => {
  const lone = backup();
  for (let n = 0; n < 2000; n++) {
    const text = n.toString(16).padStart(4, '0');
    answer(lone, `02:00:00:00:${text.slice(0, 2)}:${text.slice(2)}`);
    lone.hear({ source: address(`10.0.${n >> 8}.${n & 255}`) });
  }
  const { probe } = lone.elector.instances.get('VI_1')!;
  expect([probe!.masters.size, probe!.waiting.size]).toEqual([4, 64]);
});
