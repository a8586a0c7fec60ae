// Signed adverts over real sockets: two electors with one key in two network namespaces, others with another
// key beside them, and a keepalived that knows nothing of signatures.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { DEVICE, type Ours, Pair, pause, settings, until } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const ONE = { id: 1, secret: '11'.repeat(32) };
const TWO = { id: 2, secret: '22'.repeat(32) };
function hmac(own: Partial<HmacSettings> = {}): HmacSettings {
  return { keys: [ONE], activeKey: 1, mode: 'enforce', antiReplay: 'time', windowSeconds: 5, ...own };
}
function configure(elector: Ours, own: Partial<InstanceSettings>): void {
  elector.send({ type: 'configure', settings: settings(own) });
}
async function counters(elector: Ours): Promise<Readonly<Record<string, number>>> {
  const from = elector.reports.length;
  elector.send({ type: 'snapshot', id: 1 });
  const snapshot = await until('a snapshot', () =>
    elector.reports.slice(from).find((report) => report.type === 'snapshot'),
  );
  return snapshot.instances[0]!.counters;
}
const drops = (all: Readonly<Record<string, number>>) =>
  Object.keys(all).filter((name) => name.startsWith('dropped.'));
/** A master and its backup. */
async function signedPair(own: Partial<InstanceSettings> = {}): Promise<[Ours, Ours]> {
  const a = pair.elector(settings({ hmac: hmac(), ...own }));
  await a.is('MASTER');
  const b = pair.elector(settings({ hmac: hmac(), ...own, priority: 100 }), 'b');
  await b.is('BACKUP');
  return [a, b];
}

test('who has another key, a better priority and a place on the link changes nothing', async () => {
  const [a, b] = await signedPair();
  const vips = [{ address: address('10.1.0.200'), prefixLength: 24, interface: DEVICE, scope: 0 }];
  const strangers = (['a', 'b'] as const).map((side, i) => {
    const source = address(`10.1.0.${30 + i}`);
    pair.ip(side, 'addr', 'add', `${source}/24`, 'dev', DEVICE);
    const keys = { hmac: hmac({ keys: [{ id: 1, secret: ['33', '44'][i]!.repeat(32) }] }) };
    return pair.elector(settings({ ...keys, priority: 250, advertMs: 10, source, vips }), side);
  });
  for (const stranger of strangers) await stranger.is('MASTER');
  await pause(1500);
  expect([a.states, b.states]).toEqual([['BACKUP', 'MASTER'], ['BACKUP']]);
  for (const elector of [a, b]) {
    const all = await counters(elector);
    expect(all['dropped.wrong-signature']).toBeGreaterThan(50);
    expect(drops(all)).toEqual(['dropped.wrong-signature']);
  }
});

test('adverts are 28 bytes longer on the wire; a stop and a guardian resign with a signature', async () => {
  const [a, b] = await signedPair();
  const capture = await pair.capture('ip proto 112 and src host 10.1.0.1');
  await until('an advert', () => capture.matching(/prio 150,.* length 40\b/).length > 0);
  a.send({ type: 'stop' });
  await b.is('MASTER');
  await a.ended();
  expect(b.reports.filter((report) => report.type === 'state').at(-1)).toMatchObject({ priority: 100 });

  b.send({ type: 'stop' });
  await b.ended();
  const [first, second] = await signedPair();
  first.kill();
  pair.guardian({ ...settings({ hmac: hmac() }), leaseSeconds: 60 }, ['VI_1']);
  await second.is('MASTER');
  await until('both resignations', () => capture.matching(/prio 0,/).length === 2);
  expect((await counters(second)).priorityZeroReceived).toBe(1);
  expect(drops(await counters(second))).toEqual([]);
});

test.each([
  ['multicast', {}, {}],
  ['unicast', { unicastPeers: [address('10.1.0.2')] }, { unicastPeers: [address('10.1.0.1')] }],
])(
  'keys are changed under a running pair, %s: nobody drops anything, nobody takes over',
  async (_, one, other) => {
    const a = pair.elector(settings({ ...one, hmac: hmac() }));
    await a.is('MASTER');
    const b = pair.elector(settings({ ...other, hmac: hmac(), priority: 100 }), 'b');
    await b.is('BACKUP');
    const both = { keys: [ONE, TWO] };
    for (const keys of [both, { ...both, activeKey: 2 }, { keys: [TWO], activeKey: 2 }]) {
      configure(a, { ...one, hmac: hmac(keys) });
      await pause(250);
      configure(b, { ...other, hmac: hmac(keys), priority: 100 });
      await pause(250);
    }
    expect([a.states, b.states]).toEqual([['BACKUP', 'MASTER'], ['BACKUP']]);
    expect(drops(await counters(b))).toEqual([]);
    expect((await counters(b)).advertsReceived).toBeGreaterThan(10);
  },
);

test('in receive-only a keepalived without signatures is followed, and follows', async () => {
  const own = { hmac: hmac({ mode: 'receive-only' as const }) };
  const ours = pair.elector(settings(own));
  await ours.is('MASTER');
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
  await keepalived.says('Entering BACKUP STATE');
  await pause(800);
  expect(keepalived.log.filter((line) => /MASTER STATE|nvalid|mismatch|expected/.test(line))).toEqual([]);
  configure(ours, { ...own, priority: 50 });
  await keepalived.says('Entering MASTER STATE');
  await ours.is('BACKUP');
  expect(ours.notices.some((text) => text.includes('does not sign its adverts'))).toBe(true);
});
