// From the words about how the elector runs to what it is told.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { planNames } from '../../src/director/running.ts';

const SESSION = 'bfd_instance B {\nneighbor_ip 10.0.0.8\n}\n';
function planned(global: string, own = '', more = '') {
  const router = `vrrp_instance V {\ninterface e\nvirtual_router_id 5\npriority 9\n${own}\n`;
  const text = `${more}global_defs {\n${global}\n}\n${router}virtual_ipaddress {\n10.0.0.1/24\n}\n}\n`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }]);
  const settings = planElector(configuration!, 'kernel');
  return { settings, instance: settings.instances[0]!, codes: diagnostics.map(({ code }) => code) };
}

test.each([
  ['', undefined],
  ['vrrp_startup_delay 5.5', { delayMs: 5500, afterBootMs: 0 }],
  ['vrrp_delay_after_boot 15.23\nvrrp_startup_delay 2', { delayMs: 2000, afterBootMs: 15_230 }],
])('%j', (global, startup) => {
  expect(planned(global).settings.startup).toEqual(startup);
});

test.each([
  ['nopreempt', undefined, []],
  ['nopreempt\ntimer_expired_backup', 254, []],
  ['nopreempt\ntimer_expired_backup 100', 100, []],
  ['nopreempt\nthread_timer_expired', 254, ['CFG_DEPRECATED']],
  ['timer_expired_backup', undefined, ['CFG_REDUNDANT']],
])('%j', (own, yieldsTo, codes) => {
  const { instance, codes: said } = planned('', own);
  expect(instance.yieldsTo).toBe(yieldsTo);
  expect(said).toEqual(codes);
});

test.each([
  ['', undefined],
  ['vrrp_priority -5', { nice: -5 }],
  ['vrrp_cpu_affinity 0 2', { cpus: [0, 2] }],
  ['vrrp_rlimit_rttime 20000', { rttimeUs: 20_000 }],
  ['vrrp_rlimit_rttime 20000\nvrrp_rlimit_rtime 30000', { rttimeUs: 30_000 }],
  ['max_auto_priority', { urgency: { mostPriority: 99, lateMs: 1000 } }],
  ['max_auto_priority 9\nmin_auto_priority_delay 2000', { urgency: { mostPriority: 9, lateMs: 2 } }],
  ['max_auto_priority -1', undefined],
])('%j', (global, scheduling) => {
  expect(planned(global).settings.scheduling).toEqual(scheduling);
});

test.each([
  ['bfd_rt_priority 50', 50, undefined],
  ['bfd_rt_priority 50\nvrrp_rt_priority 40', 50, undefined],
  ['bfd_rt_priority 30\nvrrp_rt_priority 40', 40, undefined],
  ['bfd_priority -3', 0, { nice: -3 }],
  ['bfd_priority -3\nvrrp_priority -9', 0, { nice: -9 }],
  ['bfd_priority -3\nvrrp_priority 2', 0, { nice: -3 }],
  ['bfd_cpu_affinity 1', 0, { cpus: [1] }],
  ['bfd_cpu_affinity 1\nvrrp_cpu_affinity 1', 0, { cpus: [1] }],
  ['bfd_rlimit_rttime 7000', 0, { rttimeUs: 7000 }],
  ['bfd_rlimit_rttime 7000\nbfd_rlimit_rtime 9000\nvrrp_rlimit_rttime 8000', 0, { rttimeUs: 8000 }],
  ['bfd_process_name b', 0, { threadName: 'b' }],
  ['bfd_process_name b\nvrrp_process_name v', 0, { threadName: 'v' }],
])('%j counts for the thread that has sessions, and without one what VRRP says', (global, priority, rest) => {
  const { settings, codes } = planned(global, '', SESSION);
  expect([settings.realtimePriority, settings.scheduling, codes]).toEqual([priority, rest, []]);
  const alone = planned(global).settings;
  const ofVrrp = global.split('\n').filter((line) => line.startsWith('vrrp'));
  const { settings: expected } = planned(ofVrrp.join('\n'));
  expect([alone.realtimePriority, alone.scheduling]).toEqual([
    expected.realtimePriority,
    expected.scheduling,
  ]);
});

test('of two lists of CPUs for one thread that of VRRP counts, and that is said', () => {
  const { settings, codes } = planned('bfd_cpu_affinity 0\nvrrp_cpu_affinity 1', '', SESSION);
  expect([settings.scheduling, codes]).toEqual([{ cpus: [1] }, ['CFG_ELSEWHERE']]);
});

test.each([
  ['', undefined, undefined],
  ['vrrp_netlink_cmd_rcv_bufs 70000', { bytes: 70_000, forced: false }, undefined],
  [
    'vrrp_netlink_monitor_rcv_bufs_force\nvrrp_netlink_monitor_rcv_bufs 7',
    undefined,
    { bytes: 7, forced: true },
  ],
  ['vrrp_netlink_monitor_rcv_bufs 0\nvrrp_netlink_cmd_rcv_bufs_force', undefined, undefined],
])('%j', (global, netlinkCommands, netlinkEvents) => {
  const { settings } = planned(global);
  expect([settings.netlinkCommands, settings.netlinkEvents]).toEqual([netlinkCommands, netlinkEvents]);
});

test.each([
  ['process_names', {}],
  ['process_name d', { processName: 'd' }],
  ['checker_process_name b\nlvs_process_name c', { checkerName: 'c' }],
])('%j', (global, names) => {
  const { configuration } = readConfiguration([{ name: 'x', text: `global_defs {\n${global}\n}` }]);
  expect(planNames(configuration)).toEqual(names);
});

test('a name that the kernel would cut is a mistake, and with --compat cut', () => {
  const sources = [{ name: 'x', text: 'global_defs {\nprocess_name sixteen_letters_\n}' }];
  expect(readConfiguration(sources).diagnostics.map(({ code }) => code)).toEqual(['CFG_RANGE']);
  const { configuration } = readConfiguration(sources, { compat: true });
  expect(planNames(configuration)).toEqual({ processName: 'sixteen_letters' });
});

test.each([
  ['', undefined],
  ['vrrp_rx_bufs_policy mtu', { of: 'mtu', times: 3 }],
  ['vrrp_rx_bufs_policy ADVERT\nvrrp_rx_bufs_multiplier 7', { of: 'advert', times: 7 }],
  ['vrrp_rx_bufs_policy 5000', { bytes: 5000 }],
])('%j', (global, receiveBuffer) => {
  expect(planned(global, 'kernel_rx_buf_size 100')).toMatchObject({
    settings: receiveBuffer === undefined ? {} : { receiveBuffer },
    instance: { receiveBytes: 100 },
  });
});
