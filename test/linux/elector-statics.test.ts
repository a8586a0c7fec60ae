// Static addresses, routes and rules: as a live keepalived 2.2.7 has them, put back, removed at the end, and
// followed by the instances of their track group.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DEVICE, Pair, pause, type Side, until } from './elector-pair.ts';
import { file, planOf, routesOf, rulesOf } from './routing-tables.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const OWN = /"local":"(10\.1\.0\.[12]|10\.9\.1\.50|fe80:[^"]*)"/;
/** But for the machine's own and the virtual one, and who is said to have made them. */
function addresses(side: Side): string[] {
  const [device] = JSON.parse(pair.ip(side, '-d', '-j', 'addr', 'show', 'dev', DEVICE));
  return device.addr_info
    .map(({ protocol: _, ...info }: { protocol?: string }) => JSON.stringify(info))
    .filter((info: string) => !OWN.test(info))
    .sort();
}
const shown = (side: Side) => ({
  addresses: addresses(side),
  routes: routesOf(pair, side),
  rules: rulesOf(pair, side),
});
const NOTHING = { addresses: [], routes: [], rules: [] };

const instance = (vrid: number) => file(vrid, 'virtual_ipaddress {\n10.9.1.50/24\n}\n');
const STATICS = `global_defs {
  default_interface ${DEVICE}
}
track_group TG {
  group {
    V
  }
}
static_ipaddress {
  10.8.0.1/24 dev ${DEVICE}
  10.8.1.1/24 brd + track_group TG
  10.8.2.1 dev ${DEVICE} no_track
  fd08::1/64 dev ${DEVICE}
  fd08:1::1 dev ${DEVICE}
}
static_routes {
  10.30.0.0/16 via 10.8.0.9 dev ${DEVICE}
  10.31.0.0/16 via 10.8.0.9 dev ${DEVICE} track_group TG mtu 1400
  10.32.0.0/16 via 10.8.0.9 dev ${DEVICE} no_track
  fd30::/32 via fd08::9 dev ${DEVICE}
}
static_rules {
  from 10.5.0.0/24 table 100 preference 200
  from fd05::/64 table 100
}
`;

test('they are as keepalived has them, are put back but for no_track, and go at the end', async () => {
  const ours = pair.elector(planOf(STATICS + instance(51)));
  const theirs = pair.keepalivedWith(STATICS + instance(52));
  await theirs.says('Entering MASTER STATE');
  await ours.is('MASTER');
  expect(shown('a')).toEqual(shown('b'));
  expect([shown('a').addresses.length, shown('a').routes.length, shown('a').rules.length]).toEqual([5, 4, 2]);

  pair.ip('a', 'addr', 'del', '10.8.1.1/24', 'dev', DEVICE);
  pair.ip('a', 'addr', 'del', '10.8.2.1/32', 'dev', DEVICE);
  pair.ip('a', 'route', 'del', '10.30.0.0/16');
  pair.ip('a', 'route', 'del', '10.32.0.0/16');
  pair.ip('a', 'rule', 'del', 'pref', '200');
  const restored = () =>
    ours.notices.filter((text) => text.includes('put back')).map((text) => text.split(' ')[0]);
  await until('three to be put back', () => restored().length >= 3);
  await pause(300);
  expect(restored().sort()).toEqual(['10.8.1.1/24', 'route', 'rule']);
  expect(addresses('a').join('')).toContain('10.8.1.1');
  expect(addresses('a').join('')).not.toContain('10.8.2.1');
  expect(shown('a').routes).toHaveLength(3);
  expect(ours.states).toEqual(['BACKUP', 'MASTER']);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(shown('a')).toEqual(NOTHING);
});

test('a reload takes away what is gone from the file, and does not touch the rest', async () => {
  const ours = pair.elector(planOf(STATICS + instance(51)));
  await ours.is('MASTER');
  const before = shown('a');
  const fewer = STATICS.replace(/.*(10\.8\.0\.1|10\.30|preference 200).*\n/g, '');
  ours.send({ type: 'configure', settings: planOf(fewer + instance(51)) });
  await until('one to go', () => shown('a').rules.length === 1);
  await until('all three to go', () => shown('a').addresses.length === 4);
  const kept = (some: string[]) => some.filter((one) => !/10\.8\.0\.1"|10\.30|"priority":200/.test(one));
  expect(shown('a').addresses).toEqual(kept(before.addresses));
  expect(shown('a').routes).toEqual(kept(before.routes));
  expect(shown('a').rules).toEqual(kept(before.rules));
  const added = () => ours.notices.filter((text) => / added$/.test(text) && !text.startsWith('10.9.1.50'));
  await until('the word of the last', () => added().length >= 11);
  expect(added()).toHaveLength(11);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(shown('a')).toEqual(NOTHING);
});

test('an instance of a track group is no candidate while something of the group is missing', async () => {
  const route = `static_routes {\n10.31.0.0/16 via 10.77.0.9 dev ${DEVICE} track_group TG\n}\n`;
  const group = 'track_group TG {\ngroup {\nV\n}\n}\n';
  const ours = pair.elector(planOf(group + route + instance(51)));
  await ours.is('FAULT');
  pair.ip('a', 'addr', 'add', '10.77.0.1/24', 'dev', DEVICE);
  await ours.is('MASTER');
  expect(shown('a').routes).toHaveLength(1);
  pair.ip('a', 'addr', 'del', '10.77.0.1/24', 'dev', DEVICE);
  await ours.is('FAULT');
  expect(ours.notices).toContainEqual(expect.stringContaining('track_group TG is down'));
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(shown('a')).toEqual(NOTHING);
});

test('a guardian removes those of a director that was killed', async () => {
  const settings = planOf(STATICS + instance(51));
  const ours = pair.elector(settings);
  await ours.is('MASTER');
  ours.kill();
  expect(shown('a').routes).toHaveLength(4);
  pair.guardian(settings, []);
  expect(shown('a')).toEqual(NOTHING);
});
