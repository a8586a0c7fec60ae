// After a split between us and a real keepalived has healed, a client's neighbour entry points to the winner
// at once, whoever wins, and stays there; with a virtual MAC, which both have, that of the switch does.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { DEVICE, Pair, pause, type Side, settings, until, VIP } from './elector-pair.ts';

const WITHIN_MS = 150;
let pair: Pair;
beforeAll(() => {
  pair = new Pair();
  pair.addClient('10.1.0.9/24');
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const macOf = (side: Side): string => JSON.parse(pair.ip(side, '-j', 'link', 'show', DEVICE))[0].address;
const neighbour = (): string | undefined =>
  JSON.parse(pair.ip('c', '-j', 'neigh', 'show', 'to', VIP) || '[]')[0]?.lladdr;
const ping = () => pair.output('c', ['ping', '-c', '1', '-W', '1', VIP]);

/** Heals in a row: on a machine whose CPUs are taken away for a moment, one may be late. */
const HEALS = 5;
/** The winner is back soon most times, and before `until` gives up each time. */
function expectSoon(afterMs: readonly number[]): void {
  expect(afterMs.toSorted((x, y) => x - y)[Math.floor(afterMs.length / 2)], `${afterMs}`).toBeLessThan(
    WITHIN_MS,
  );
}

/** Milliseconds from the heal to the client's belief in the winner, which stays. */
async function splitAndHeal(winner: Side, loserIsMaster: () => Promise<void>): Promise<number> {
  const loser = winner === 'a' ? 'b' : 'a';
  await until('the address', () => pair.has(winner));
  await ping();
  expect(neighbour()).toBe(macOf(winner));
  pair.part(true);
  await loserIsMaster();
  // The announcement of the second master has turned the client: it is stale as soon as the split heals.
  await until('the client to believe the loser', () => neighbour() === macOf(loser));
  pair.part(false);
  const healedAt = performance.now();
  await until('the client to believe the winner', () => neighbour() === macOf(winner), 1000);
  const ms = performance.now() - healedAt;
  await pause(700);
  await ping();
  expect(neighbour()).toBe(macOf(winner));
  return ms;
}

test('we win', async () => {
  const ours = pair.elector(settings());
  await ours.is('MASTER');
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100', 'garp_master_delay 0']);
  const afterMs: number[] = [];
  for (let heal = 0; heal < HEALS; heal++) {
    await keepalived.says('Entering BACKUP STATE');
    keepalived.forget();
    afterMs.push(await splitAndHeal('a', () => keepalived.says('Entering MASTER STATE')));
  }
  expectSoon(afterMs);
  expect(ours.states).toEqual(['BACKUP', 'MASTER']);
});

test('keepalived wins', async () => {
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 150', 'garp_master_delay 1']);
  await keepalived.says('Entering MASTER STATE');
  const ours = pair.elector(settings({ priority: 100 }));
  const afterMs: number[] = [];
  for (let heal = 0; heal < HEALS; heal++) {
    await ours.is('BACKUP');
    afterMs.push(await splitAndHeal('b', () => ours.is('MASTER')));
  }
  await ours.is('BACKUP');
  expectSoon(afterMs);
});

test('with a virtual MAC, adverts through the base, and we win: the switch looks for it here', async () => {
  const mac = '00:00:5e:00:01:33';
  const device = { name: 'vrrp.51', base: DEVICE, mac, family: 4 } as const;
  const vips = [{ address: address(VIP), prefixLength: 24, interface: device.name, scope: 0 }];
  const garp = { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 };
  const ours = pair.elector(settings({ vips, garp, vmac: { device, sendsOnBase: true, others: [] } }));
  await ours.is('MASTER');
  const words = ['use_vmac', 'vmac_xmit_base', 'advert_int 0.1', 'priority 100'].join('\n');
  const keepalived = pair.keepalivedWith(
    `global_defs {\nvrrp_version 3\n}\nvrrp_instance K {\nstate BACKUP\ninterface ${DEVICE}\n` +
      `virtual_router_id 51\n${words}\nvirtual_ipaddress {\n${VIP}/24\n}\n}\n`,
  );
  await keepalived.says('Entering BACKUP STATE');
  const port = async () => {
    const table = JSON.parse(await pair.output('c', ['bridge', '-j', 'fdb', 'show', 'br', 'br0']));
    return table.find((entry: { mac: string }) => entry.mac === mac)?.ifname;
  };
  const afterMs: number[] = [];
  for (let heal = 0; heal < HEALS; heal++) {
    keepalived.forget();
    pair.part(true);
    await keepalived.says('Entering MASTER STATE');
    await pause(400 + heal * 23);
    expect(await port()).toBe('to-b');
    pair.part(false);
    await keepalived.says('Entering BACKUP STATE');
    const yieldedAt = performance.now();
    while ((await port()) !== 'to-a') expect(performance.now() - yieldedAt).toBeLessThan(1000);
    afterMs.push(performance.now() - yieldedAt);
    await pause(WITHIN_MS);
    expect(await port()).toBe('to-a');
  }
  expectSoon(afterMs);
  expect(ours.states).toEqual(['BACKUP', 'MASTER']);
});
