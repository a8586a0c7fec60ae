// Words that change what is heard, what is said and when an election begins, beside a live keepalived 2.2.7.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { ADDRESS, DEVICE, type Ours, Pair, pause, type Side, until, VIP } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

type Wanted = {
  priority: number;
  id?: number;
  advertSeconds?: number;
  global?: string;
  words?: string;
  vips?: string;
};
const BLOCK = `virtual_ipaddress {\n${VIP}/24\n}`;
function file(wanted: Wanted): string {
  const { priority, id = 51, advertSeconds = 0.1, global = '', words = '', vips = BLOCK } = wanted;
  const times = `priority ${priority}\nadvert_int ${advertSeconds}`;
  const head = `interface ${DEVICE}\nvirtual_router_id ${id}\n${times}`;
  const instance = `vrrp_instance V {\nversion 3\n${head}\n${words}\n${vips}\n}\n`;
  return `global_defs {\n${global}\n}\n${instance}`;
}
function startOurs(wanted: Wanted, side: Side = 'a'): Ours {
  const { configuration } = readConfiguration([{ name: 'file', text: file(wanted) }]);
  return pair.elector(planElector(configuration!, 'kernel'), side);
}

test('log_unknown_vrids: as keepalived says it, and from whom', async () => {
  const theirs = pair.keepalivedWith(file({ priority: 100, id: 77, global: 'log_unknown_vrids' }));
  const ours = startOurs({ priority: 150, global: 'log_unknown_vrids' });
  await theirs.says(`Unknown VRID(51) received on interface(${DEVICE}). ignoring...`);
  const message = `Unknown VRID(77) received on interface(${DEVICE}) from ${ADDRESS.b}. ignoring...`;
  await until('our word', () => ours.notices.includes(message));
});

/** A word of later versions than 2.2.7. */
test('no_virtual_ipaddress: a pair without addresses, elected over version 3', async () => {
  const vips = 'no_virtual_ipaddress';
  const ours = startOurs({ priority: 150, vips });
  await ours.is('MASTER');
  const other = startOurs({ priority: 100, vips }, 'b');
  await other.is('BACKUP');
  await pause(600);
  expect(other.states).toEqual(['BACKUP']);
  ours.send({ type: 'stop' });
  await other.is('MASTER');
});

/** keepalived 2.2.7 drops such an advert, from 2.3.3 on it counts, with a warning. */
test('other addresses count, and are told; with skip_check_adv_addr those of the first advert', async () => {
  const theirs = pair.keepalivedWith(file({ priority: 200, vips: 'virtual_ipaddress {\n10.1.0.99/24\n}' }));
  await theirs.says('Entering MASTER STATE');
  const ours = startOurs({ priority: 150 });
  await until('our word', () => ours.notices.some((text) => text.includes('other virtual addresses')));
  await ours.is('BACKUP');
  ours.send({ type: 'snapshot', id: 1 });
  const skipping = startOurs({ priority: 140, words: 'skip_check_adv_addr' });
  await until('its word', () => skipping.notices.some((text) => text.includes('other virtual addresses')));
  await pause(500);
  for (const one of [ours, skipping]) one.send({ type: 'snapshot', id: 2 });
  const differing = (one: Ours) =>
    one.reports.flatMap((report) =>
      report.type === 'snapshot' && report.id === 2
        ? [report.instances[0]!.counters['addresses-differ']!]
        : [],
    )[0];
  await until('both snapshots', () => differing(ours) !== undefined && differing(skipping) !== undefined);
  expect(differing(skipping)).toBe(1);
  expect(differing(ours)).toBeGreaterThan(3);
});

test('higher_prio_send_advert off: yields without a word, as keepalived does by default', async () => {
  // So long that none of our own is due just when theirs arrives.
  const advertSeconds = 1;
  const ours = startOurs({ priority: 150, advertSeconds, words: 'higher_prio_send_advert off' });
  await ours.is('MASTER');
  const capture = await pair.capture('ip proto 112');
  const theirs = pair.keepalivedWith(file({ priority: 200, advertSeconds, words: 'state MASTER' }));
  await theirs.says('Entering MASTER STATE');
  await ours.is('BACKUP');
  await pause(1300);
  const from = (side: 'a' | 'b') => capture.lines.findIndex((line) => line.includes(` ${ADDRESS[side]} > `));
  const first = from('b');
  expect(first).toBeGreaterThan(-1);
  expect(capture.lines.slice(first).filter((line) => line.includes(` ${ADDRESS.a} > `))).toEqual([]);
});

test('vrrp_startup_delay: nobody speaks before it is over, and both say so', async () => {
  const capture = await pair.capture('ip proto 112');
  const global = 'vrrp_startup_delay 1.5';
  const theirs = pair.keepalivedWith(file({ priority: 255, id: 52, global }));
  const ours = startOurs({ priority: 255, global });
  await theirs.says('Delaying startup for 1.5 seconds');
  await until('our word', () => ours.notices.includes('Delaying startup for 1.5 seconds'));
  const begunMs = performance.now();
  await ours.is('MASTER');
  expect(performance.now() - begunMs).toBeGreaterThan(1300);
  await until('our advert', () => capture.lines.some((line) => line.includes(`${ADDRESS.a} > `)));
});

test('timer_expired_backup: who was stopped for long yields to whoever took over, at once', async () => {
  const words = 'nopreempt\ntimer_expired_backup 100';
  const ours = startOurs({ priority: 150, words });
  await ours.is('MASTER');
  const theirs = pair.keepalivedWith(file({ priority: 100 }));
  await theirs.says('Entering BACKUP STATE');
  process.kill(ours.child.pid!, 'SIGSTOP');
  await theirs.says('Entering MASTER STATE');
  process.kill(ours.child.pid!, 'SIGCONT');
  await ours.is('BACKUP');
  await pause(500);
  expect(ours.states).toEqual(['BACKUP', 'MASTER', 'BACKUP']);
  expect(pair.has('a')).toBe(false);
});
