// From the words around `unicast_peer` to what the elector is told.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

function planned(global: string, own: string) {
  const router = `vrrp_instance V {\ninterface e\nvirtual_router_id 5\npriority 9\n${own}\n`;
  const text = `global_defs {\n${global}\n}\n${router}virtual_ipaddress {\n10.0.0.1/24\n}\n}\n`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }]);
  const { unicast, tracksSource, checksumForm } = planElector(configuration!, 'kernel').instances[0]!;
  return { unicast, tracksSource, checksumForm, codes: diagnostics.map(({ code }) => code) };
}
const PEER = 'unicast_peer {\n10.0.0.2\n}';
const NEAR = 'unicast_peer {\n10.0.0.2 min_ttl 254\n10.0.0.3\n}';

test.each([
  ['', PEER, undefined],
  ['vrrp_check_unicast_src', PEER, { checksSource: true }],
  ['vrrp_check_unicast_src', `check_unicast_src off\n${PEER}`, undefined],
  ['', `check_unicast_src\n${PEER}`, { checksSource: true }],
  ['', NEAR, { checksSource: true, ttls: { '10.0.0.2': [254, 255] } }],
  ['', `unicast_ttl 3\n${PEER}`, { ttl: 3 }],
  ['', `unicast_fault_no_peer\n${PEER}`, undefined],
])('"%s" and "%s" of the instance', (global, own, unicast) => {
  expect(planned(global, own)).toMatchObject({ unicast, tracksSource: undefined, codes: [] });
});

test('without a peer: the group, or FAULT', () => {
  expect(planned('', 'check_unicast_src')).toMatchObject({ unicast: undefined, codes: ['CFG_DEPRECATED'] });
  expect(planned('', 'unicast_fault_no_peer')).toMatchObject({
    unicast: { lacksPeers: true },
    codes: ['CFG_EMPTY'],
  });
});

test.each([
  ['', 'pseudo-header', undefined],
  ['old_unicast_checksum', 'old-unicast', undefined],
  ['old_unicast_checksum never', 'pseudo-header', { refusesOldChecksum: true }],
  ['old_unicast_checksum\nv3_checksum_as_v2', 'plain', undefined],
])('%j: checksums of %s', (words, checksumForm, unicast) => {
  expect(planned('', `${words}\n${PEER}`)).toMatchObject({ checksumForm, unicast, codes: [] });
});

test('track_src_ip needs a source', () => {
  expect(planned('', 'track_src_ip')).toMatchObject({ tracksSource: undefined, codes: ['CFG_REDUNDANT'] });
  expect(planned('', 'mcast_src_ip 10.0.0.9\ntrack_src_ip')).toMatchObject({ tracksSource: true, codes: [] });
});

test('a range of TTLs that is none', () => {
  expect(planned('', 'unicast_peer {\n10.0.0.2 min_ttl 9 max_ttl 8\n}').codes).toEqual(['CFG_CONTRADICTION']);
});
