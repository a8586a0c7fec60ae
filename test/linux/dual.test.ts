// A split between us and a real keepalived, and its end: how long there were two masters is measured, and who
// it was is told, whoever wins.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Notice } from '../../src/core/events.ts';
import { ADDRESS, type Ours, Pair, pause, settings, until } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const told = (ours: Ours): Notice[] =>
  ours.reports.flatMap((report) =>
    report.type === 'notice' && report.notice.event === 'vrrp.dual' ? [report.notice] : [],
  );

test('we win: we hear it as long as it does not hear us, and until it has yielded', async () => {
  const ours = pair.elector(settings({ garp: { delayMs: 0, repeat: 2, refreshMs: 0, refreshRepeat: 1 } }));
  await ours.is('MASTER');
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
  await keepalived.says('Entering BACKUP STATE');
  await pair.split('input');
  await keepalived.says('Entering MASTER STATE');
  await pause(1000);
  expect(told(ours)).toEqual([]);
  keepalived.forget();
  await pair.heal();
  await keepalived.says('Entering BACKUP STATE');
  const { fields } = await until('what it was', () => told(ours)[0]);
  expect(fields).toMatchObject({ instance: 'VI_1', other: ADDRESS.b, priority: 100, ended: 'it yielded' });
  expect(fields!.adverts).toBeGreaterThanOrEqual(9);
  expect(fields!.ms).toBeGreaterThan(900);
  expect(fields!.ms).toBeLessThan(2000);
  expect(ours.states).toEqual(['BACKUP', 'MASTER']);
});

test('it wins: its first advert says since when there may have been two', async () => {
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 150']);
  await keepalived.says('Entering MASTER STATE');
  const ours = pair.elector(settings({ priority: 100 }));
  await ours.is('BACKUP');
  await pause(300);
  await pair.split('input', 'output');
  await ours.is('MASTER');
  await pause(1000);
  await pair.heal();
  await ours.is('BACKUP');
  const [{ fields }] = told(ours) as [Notice];
  expect(fields).toMatchObject({ other: ADDRESS.b, priority: 150, adverts: 1, ended: 'we yielded' });
  expect(fields!.atMostMs).toBeGreaterThan(950);
  expect(fields!.atMostMs).toBeLessThan(2000);
});

test('a planned handover and its return are none', async () => {
  const ours = pair.elector(settings());
  await ours.is('MASTER');
  const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
  await keepalived.says('Entering BACKUP STATE');
  await pause(300);
  ours.send({ type: 'drill', holdMs: 500 });
  await keepalived.says('Entering MASTER STATE');
  await ours.is('BACKUP');
  await ours.is('MASTER');
  await pause(1000);
  expect(told(ours)).toEqual([]);
});
