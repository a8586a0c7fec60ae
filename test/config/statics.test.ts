// What becomes of static addresses, routes and rules, and of track groups.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

const INSTANCE = `vrrp_instance V {
interface eth0
virtual_router_id 5
virtual_ipaddress {
10.0.0.1/24
}
virtual_rules {
from 10.6.0.0/16 table 2
}
}
`;
const GROUP = 'track_group TG {\ngroup {\nV\n}\n}\n';

function read(text: string) {
  const { configuration, diagnostics } = readConfiguration([{ name: 'file', text }]);
  return { configuration: configuration!, said: diagnostics.map(({ code }) => code) };
}

test('an address without dev is on default_interface, or eth0', () => {
  const text = `static_ipaddress {\n10.8.0.1/24\n10.8.1.1/24 dev eth2\n}\n${INSTANCE}`;
  const deviceOf = (given: string) =>
    read(given).configuration.statics.addresses.map(({ entry }) => entry.interface?.value);
  expect(deviceOf(text)).toEqual(['eth0', 'eth2']);
  expect(deviceOf(`global_defs {\ndefault_interface eth1\n}\n${text}`)).toEqual(['eth1', 'eth2']);
});

test('static and virtual rules without a priority are numbered as the file has them', () => {
  const rules = (number: number) => `static_rules {\nfrom 10.${number}.0.0/16 table 1\n}\n`;
  const { configuration } = read(rules(1) + INSTANCE + rules(2));
  const { statics, instances } = configuration;
  expect(statics.rules.map(({ entry }) => entry.value.priority)).toEqual([16_384, 16_382]);
  expect(instances[0]!.rules[0]!.value.priority).toBe(16_383);
});

test('instances of a group track it when something static names it', () => {
  const route = (more: string) => `static_routes {\n10.5.0.0/16 dev eth0 ${more}\n}\n`;
  const tracks = (text: string) => planElector(read(text).configuration, 'kernel').instances[0]!.tracks;
  expect(tracks(GROUP + route('track_group TG') + INSTANCE)).toEqual([
    { kind: 'track_group', name: 'TG', weight: 0, reverse: false },
  ]);
  expect(tracks(GROUP + route('') + INSTANCE)).toEqual([]);
});

test('a group that is not there, that is there twice, or is empty', () => {
  const route = 'static_routes {\n10.5.0.0/16 dev eth0 track_group TX\n}\n';
  expect(read(route + GROUP + INSTANCE).said).toContain('CFG_REFERENCE');
  expect(read(GROUP + GROUP + INSTANCE).said).toContain('CFG_DUPLICATE');
  expect(read(`track_group TG {\n}\n${INSTANCE}`).said).toContain('CFG_EMPTY');
});

test('a machine without the interface of a static address', () => {
  const text = `static_ipaddress {\n10.8.1.1/24 dev eth2\n}\n${INSTANCE}`;
  const codes = (interfaces: string[]) =>
    readConfiguration([{ name: 'file', text }], { interfaces: new Set(interfaces) }).diagnostics.map(
      ({ code }) => code,
    );
  expect(codes(['eth0'])).toContain('CFG_INTERFACE');
  expect(codes(['eth0', 'eth2'])).not.toContain('CFG_INTERFACE');
});
