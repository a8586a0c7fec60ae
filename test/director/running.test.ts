// From the words about how the elector runs to what it is told.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

function planned(global: string, own = '') {
  const router = `vrrp_instance V {\ninterface e\nvirtual_router_id 5\npriority 9\n${own}\n`;
  const text = `global_defs {\n${global}\n}\n${router}virtual_ipaddress {\n10.0.0.1/24\n}\n}\n`;
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
