// From the words about announcements to what the elector is told: pauses of interfaces and of those above
// them, and the addresses that keep other interfaces' MACs known.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

function planned({ global = '', top = '', own = '' }: { global?: string; top?: string; own?: string }) {
  const vips = 'virtual_ipaddress {\n10.0.0.1/24\n10.0.0.2/24\n10.1.0.1/24 dev e1\n10.1.0.2/24 dev e1\n}\n';
  const router = `vrrp_instance V {\ninterface e0\nvirtual_router_id 5\npriority 9\n${own}\n${vips}}\n`;
  const text = `global_defs {\n${global}\n}\n${top}\n${router}`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }]);
  const { pacing, instances } = planElector(configuration!, 'kernel');
  const elsewhere = instances[0]!.garp.elsewhere;
  const places = elsewhere?.vips.map((vip) => `${vip.address}%${vip.interface}`);
  const said = diagnostics.map(({ code }) => code);
  return { pacing, said, elsewhere: elsewhere && { eachMs: elsewhere.eachMs, places } };
}

test('no word, no pause', () => {
  expect(planned({})).toEqual({ pacing: undefined, elsewhere: undefined, said: [] });
});

test('what is in no group keeps the pauses of all', () => {
  const global = 'vrrp_garp_interval 0.02\nvrrp_gna_interval 0.001';
  const top = 'garp_group {\ngarp_interval 0.5\ninterfaces {\ne1\ne2\n}\n}';
  expect(planned({ global, top }).pacing).toEqual({
    each: { garpMs: 20, gnaMs: 1 },
    groups: [{ interfaces: ['e1', 'e2'], garpMs: 500, gnaMs: 0 }],
  });
});

test('a device with a virtual MAC shares the pauses of its base, in a group or not', () => {
  const own = 'use_vmac\nuse_vmac_addr';
  const top = 'garp_group {\ngarp_interval 0.5\ninterface e1\n}';
  expect(planned({ own, top, global: 'vrrp_garp_interval 0.02' }).pacing).toEqual({
    each: { garpMs: 20, gnaMs: 0 },
    groups: [
      { interfaces: ['e1', 'vrrp1.5'], garpMs: 500, gnaMs: 0 },
      { interfaces: ['e0', 'vrrp.5'], garpMs: 20, gnaMs: 0 },
    ],
  });
});

test('an interface keeps to the first group that names it; a group has to say something', () => {
  const group = (body: string) => `garp_group {\n${body}\n}\n`;
  const top = group('garp_interval 1\ninterface e0') + group('garp_interval 2\ninterfaces {\ne0\ne1\n}');
  const { pacing, said } = planned({ top });
  expect(pacing!.groups.map(({ interfaces }) => interfaces)).toEqual([['e0'], ['e1']]);
  expect(said).toEqual(['CFG_DUPLICATE']);
  expect(planned({ top: group('garp_interval 1') }).said).toEqual(['CFG_EMPTY']);
  expect(planned({ top: group('interface e0') }).said).toEqual(['CFG_EMPTY']);
});

test.each([
  ['of no virtual MAC', { own: 'garp_extra_if 30' }, undefined],
  ['anywhere', { own: 'garp_extra_if all 30' }, { eachMs: 30_000, places: ['10.1.0.1%e1'] }],
  ['by its old name', { own: 'vmac_garp_intvl all 30' }, { eachMs: 30_000, places: ['10.1.0.1%e1'] }],
  ['of all instances', { global: 'vrrp_garp_extra_if all 9' }, { eachMs: 9000, places: ['10.1.0.1%e1'] }],
  ['but not of this one', { global: 'vrrp_garp_extra_if all 9', own: 'garp_extra_if 0' }, undefined],
  [
    'of virtual MACs, one of which sends the adverts',
    { own: 'use_vmac\nuse_vmac_addr\ngarp_extra_if 30' },
    { eachMs: 30_000, places: ['10.1.0.1%vrrp1.5'] },
  ],
  [
    'of virtual MACs, none of which does',
    { own: 'use_vmac\nvmac_xmit_base\ngarp_extra_if 30' },
    { eachMs: 30_000, places: ['10.0.0.1%vrrp.5'] },
  ],
])('announcements elsewhere, %s', (_, words, elsewhere) => {
  expect(planned(words).elsewhere).toEqual(elsewhere);
});
