// From the words that say which adverts count and are answered to what the elector is told: an instance's
// own word before that of global_defs.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

function planned(global: string, own: string) {
  const router = `vrrp_instance V {\ninterface e\nvirtual_router_id 5\npriority 9\n${own}\n`;
  const text = `global_defs {\n${global}\n}\n${router}virtual_ipaddress {\n10.0.0.1/24\n}\n}\n`;
  const { configuration } = readConfiguration([{ name: 'x', text }]);
  const { silentToLower, deafOwner } = planElector(configuration!, 'kernel').instances[0]!;
  return { silentToLower, deafOwner };
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
