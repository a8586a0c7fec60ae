// From the words that say which adverts count and are answered to what the elector is told: an instance's
// own word before that of global_defs.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

function planned(global: string, own: string) {
  const router = `vrrp_instance V {\ninterface e\nvirtual_router_id 5\npriority 9\n${own}\n`;
  const text = `global_defs {\n${global}\n}\n${router}virtual_ipaddress {\n10.0.0.1/24\n}\n}\n`;
  const { configuration } = readConfiguration([{ name: 'x', text }]);
  const [instance] = planElector(configuration!, 'kernel').instances;
  const { silentToLower, silentToHigher, deafOwner, trustsMaster } = instance!;
  return { silentToLower, silentToHigher, deafOwner, trustsMaster };
}

test.each([
  ['', '', undefined],
  ['vrrp_lower_prio_no_advert', '', true],
  ['vrrp_lower_prio_no_advert', 'lower_prio_no_advert off', undefined],
  ['', 'lower_prio_no_advert', true],
])('"%s" and "%s" of the instance', (global, own, silent) => {
  expect(planned(global, own).silentToLower).toBe(silent);
});

test.each([
  ['', '', undefined],
  ['vrrp_owner_ignore_adverts', '', true],
  ['vrrp_owner_ignore_adverts', 'owner_ignore_adverts off', undefined],
  ['', 'owner_ignore_adverts', true],
])('of an owner, "%s" and "%s" of the instance', (global, own, deaf) => {
  expect(planned(global, own).deafOwner).toBe(deaf);
});

test.each([
  ['', '', undefined],
  ['vrrp_higher_prio_send_advert off', '', true],
  ['vrrp_higher_prio_send_advert off', 'higher_prio_send_advert', undefined],
  ['', 'higher_prio_send_advert off', true],
])('of a master that yields, "%s" and "%s" of the instance', (global, own, silent) => {
  expect(planned(global, own).silentToHigher).toBe(silent);
});

test.each([
  ['', '', undefined],
  ['vrrp_skip_check_adv_addr', '', true],
  ['vrrp_skip_check_adv_addr', 'skip_check_adv_addr off', undefined],
  ['', 'skip_check_adv_addr', true],
])('of addresses, "%s" and "%s" of the instance', (global, own, trusts) => {
  expect(planned(global, own).trustsMaster).toBe(trusts);
});

test('log_unknown_vrids is told to the elector', () => {
  const { configuration } = readConfiguration([{ name: 'x', text: 'global_defs {\nlog_unknown_vrids\n}\n' }]);
  expect(planElector(configuration!, 'kernel')).toMatchObject({ logsUnknownIds: true });
});

test('no_virtual_ipaddress is for an instance without addresses', () => {
  const text = (own: string) => `vrrp_instance V {\ninterface e\nvirtual_router_id 5\nversion 3\n${own}\n}\n`;
  const said = (own: string) => readConfiguration([{ name: 'x', text: text(own) }]).diagnostics;
  expect(said('').map(({ code }) => code)).toEqual(['CFG_INCOMPLETE']);
  expect(said('no_virtual_ipaddress')).toEqual([]);
});
