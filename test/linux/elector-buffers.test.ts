// How much the kernel keeps for the elector's netlink sockets, as `ss` tells it.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { DEVICE, Pair, until, VIP } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

function planned(global: string) {
  const head = `interface ${DEVICE}\nvirtual_router_id 51\nadvert_int 0.1\nversion 3`;
  const instance = `vrrp_instance V {\n${head}\nvirtual_ipaddress {\n${VIP}/24\n}\n}\n`;
  const text = `global_defs {\n${global}\n}\n${instance}`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'file', text }]);
  expect(diagnostics).toEqual([]);
  return planElector(configuration!, 'kernel');
}

/** In bytes, of the sockets of rtnetlink in the namespace; the kernel keeps twice what it is asked for. */
async function kept(): Promise<number[]> {
  const text = await pair.output('a', ['ss', '-f', 'netlink', '-a', '-m', '-n']);
  const lines = text.replaceAll(/\n\s+skmem/g, ' skmem').split('\n');
  // Of protocol 0, rtnetlink; port 0 is the kernel. Nobody else lives there. One with groups is told twice.
  const ours = [...new Set(lines)].filter((line) => / 0:-?[1-9]/.test(line));
  return ours.map((line) => Number(/,rb(\d+),/.exec(line)![1]) / 2).sort((a, b) => a - b);
}
const USUAL = 2 * 1024 * 1024;

test('those for changes and for events are as large as the file says, and as before without it', async () => {
  const words = 'vrrp_netlink_cmd_rcv_bufs 100000\nvrrp_netlink_monitor_rcv_bufs 150000';
  const ours = pair.elector(planned(words));
  await ours.is('MASTER');
  expect(await kept()).toEqual([100_000, 150_000]);
  ours.send({ type: 'configure', settings: planned('vrrp_netlink_monitor_rcv_bufs 0') });
  ours.send({ type: 'snapshot', id: 7 });
  await until('the snapshot', () => ours.reports.some((report) => report.type === 'snapshot'));
  expect(await kept()).toEqual([USUAL, USUAL]);
  expect(pair.has('a')).toBe(true);
  expect(ours.notices.filter((text) => text.includes('rcv_bufs'))).toEqual([]);
});

test('beyond rmem_max only with _force; without it is said what there is instead', async () => {
  const most = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
  const asked = 2 * most;
  const forced = `vrrp_netlink_cmd_rcv_bufs ${asked}\nvrrp_netlink_cmd_rcv_bufs_force`;
  const ours = pair.elector(planned(`${forced}\nvrrp_netlink_monitor_rcv_bufs ${asked}`));
  await ours.is('MASTER');
  expect(await kept()).toEqual([most, asked]);
  const said = `vrrp_netlink_monitor_rcv_bufs: ${most} bytes, not ${asked}: the limit of the system`;
  expect(ours.notices.filter((text) => text.includes('rcv_bufs'))).toEqual([said]);
});

test('with the least room there is addresses come and go, and events are not missed', async () => {
  const ours = pair.elector(planned('vrrp_netlink_cmd_rcv_bufs 1\nvrrp_netlink_monitor_rcv_bufs 1'));
  await ours.is('MASTER');
  expect((await kept()).every((bytes) => bytes < 4096)).toBe(true);
  const others = Array.from({ length: 60 }, (_, i) => `addr add 10.9.${i}.1/24 dev ${DEVICE}`);
  await pair.output('a', ['sh', '-c', others.map((words) => `ip ${words}`).join('\n')]);
  pair.ip('a', 'addr', 'del', `${VIP}/24`, 'dev', DEVICE);
  await until('the address that somebody took away', () => pair.has('a'));
  pair.ip('a', 'link', 'set', DEVICE, 'down');
  await ours.is('FAULT');
});
