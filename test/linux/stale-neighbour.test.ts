// After a split between us and a real keepalived has healed, a client's neighbour entry points to the winner
// at once, whoever wins, and stays there.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
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

async function splitAndHeal(winner: Side, loserIsMaster: () => Promise<void>): Promise<void> {
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
  expect(performance.now() - healedAt).toBeLessThan(WITHIN_MS);
  await pause(700);
  await ping();
  expect(neighbour()).toBe(macOf(winner));
}

test('we win', async () => {
  const ours = pair.elector(settings());
  await ours.is('MASTER');
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100', 'garp_master_delay 0']);
  await keepalived.says('Entering BACKUP STATE');
  keepalived.forget();
  await splitAndHeal('a', () => keepalived.says('Entering MASTER STATE'));
  expect(ours.states).toEqual(['BACKUP', 'MASTER']);
});

test('keepalived wins', async () => {
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 150', 'garp_master_delay 1']);
  await keepalived.says('Entering MASTER STATE');
  const ours = pair.elector(settings({ priority: 100 }));
  await ours.is('BACKUP');
  await splitAndHeal('b', () => ours.is('MASTER'));
  await ours.is('BACKUP');
});
