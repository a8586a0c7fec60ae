// As many virtual routers as one link can have, all with one MASTER: their adverts come in one burst each
// interval, and none may be lost on its way to the elector.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';
import { DEVICE, instance, type Ours, Pair, pause, settings, until } from './elector-pair.ts';

const ROUTERS = 255;
const ADVERT_MS = 100;
const WATCHED_MS = 3000;

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterAll(() => pair.remove());

function many(priority: number): ElectorSettings {
  const vip = (n: number) => ({
    address: address(`10.2.0.${n}`),
    prefixLength: 32,
    interface: DEVICE,
    scope: 0,
  });
  const instances = Array.from({ length: ROUTERS }, (_, i) =>
    instance({ name: `VI_${i + 1}`, vrid: i + 1, priority, advertMs: ADVERT_MS, vips: [vip(i + 1)] }),
  );
  return { ...settings(), instances };
}
function entered(ours: Ours, state: string): number {
  return ours.states.filter((each) => each === state).length;
}

test(`${ROUTERS} routers: a MASTER and a BACKUP for each, and nobody changes his mind`, async () => {
  const backup = pair.elector(many(100), 'b');
  await until('every router to be MASTER', () => entered(backup, 'MASTER') === ROUTERS, 20_000);
  const master = pair.elector(many(150));
  await until('every router to move', () => entered(master, 'MASTER') === ROUTERS, 20_000);
  await until('the others to yield', () => entered(backup, 'BACKUP') === 2 * ROUTERS, 20_000);
  const before = [master.states.length, backup.states.length];
  await pause(WATCHED_MS);
  expect([master.states.length, backup.states.length]).toEqual(before);
  const drops = pair
    .read('b', '/proc/net/raw')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/).at(-1));
  expect(drops).toEqual(['0']);
});
