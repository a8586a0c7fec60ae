// What has to be kept back, from the words of a file.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { filterFor } from '../../src/vrrp/filter.ts';

function filter(words: string, engine: 'kernel' | 'engine' = 'kernel') {
  const text = `vrrp_instance V {
interface eth0
virtual_router_id 51
${words}
virtual_ipaddress { 10.0.0.1/24 }
virtual_ipaddress_excluded { 10.0.0.2/24\nfd00::1/64 }
}
`;
  const { configuration } = readConfiguration([{ name: 'x', text }]);
  return filterFor(planElector(configuration, engine));
}
const NOTHING = { silent: [], refused: [] };
const VIPS = ['10.0.0.1', '10.0.0.2', 'fd00::1'];

test('nothing, unless asked for', () => {
  expect(filter('')).toEqual(NOTHING);
  expect(filter('accept')).toEqual(NOTHING);
});
test('no_accept: every address of the instance, advertised or not', () => {
  expect(filter('no_accept')).toEqual({ silent: [], refused: VIPS });
});
test('of accept and no_accept the last one counts', () => {
  expect(filter('no_accept\naccept')).toEqual(NOTHING);
  expect(filter('accept\nno_accept')).toEqual({ silent: [], refused: VIPS });
});
test('an address owner refuses nothing', () => {
  expect(filter('no_accept\npriority 255')).toEqual(NOTHING);
});
test('an interface with the virtual MAC is silent', () => {
  expect(filter('use_vmac')).toEqual({ silent: ['vrrp.51'], refused: [] });
});
test('the embedded engine needs none of it', () => {
  expect(filter('use_vmac\nno_accept', 'engine')).toEqual(NOTHING);
});
