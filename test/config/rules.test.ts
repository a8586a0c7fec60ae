// What only shows between blocks: collisions, references to nowhere, services that nobody reaches.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';

type Instance = { name?: string; id?: number; device?: string; vips?: string; more?: string };

function instance({ name = 'V', id = 5, device = 'eth0', vips = '10.0.0.1', more = '' }: Instance): string {
  const head = `vrrp_instance ${name} {\ninterface ${device}\nvirtual_router_id ${id}\n`;
  return `${head}virtual_ipaddress {\n${vips}\n}\n${more}\n}\n`;
}

function service(address: string, protocol = 'TCP'): string {
  const head = `virtual_server ${address} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol ${protocol}\n`;
  return `${head}real_server 10.1.0.1 80 {\n}\n}\n`;
}

/** Code and the words meant, of each diagnostic. */
function said(...texts: string[]): string[] {
  const text = texts.join('');
  const { diagnostics } = readConfiguration([{ name: 'x', text }]);
  return diagnostics.map(({ code, at }) => `${code} ${text.slice(at.start, at.end)}`);
}

test('an instance name is unique', () => {
  expect(said(instance({}), instance({ id: 6, vips: '10.0.0.2' }))).toEqual(['CFG_DUPLICATE V']);
});

test('a virtual_router_id is unique on its interface and family', () => {
  const second = { name: 'W', vips: '10.0.0.2' };
  expect(said(instance({}), instance(second))).toEqual(['CFG_DUPLICATE 5']);
  expect(said(instance({}), instance({ ...second, device: 'eth1' }))).toEqual([]);
  expect(said(instance({}), instance({ ...second, vips: 'fe80::1/128' }))).toEqual([
    'CFG_UNSAFE fe80::1/128',
  ]);
  const peers = (peer: string) => `unicast_peer { ${peer} }`;
  const unicast = (peer: string) => instance({ ...second, more: peers(peer) });
  expect(said(instance({ more: peers('10.0.0.8') }), unicast('10.0.0.9'))).toEqual([]);
  expect(said(instance({ more: peers('10.0.0.9') }), unicast('10.0.0.9'))).toEqual(['CFG_DUPLICATE 5']);
  expect(said(instance({}), unicast('10.0.0.9'))).toEqual([]);
});

test('an address belongs to one instance, once', () => {
  expect(said(instance({ vips: '10.0.0.1\n10.0.0.1/24' }))).toEqual(['CFG_REPEATED 10.0.0.1/24']);
  expect(said(instance({}), instance({ name: 'W', id: 6 }))).toEqual(['CFG_REPEATED 10.0.0.1']);
});

test('lvs_sync_daemon names an instance that is there', () => {
  const sync = 'global_defs {\nlvs_sync_daemon eth0 W\n}\n';
  expect(said(sync, instance({}))).toEqual(['CFG_REFERENCE W']);
  expect(said(sync, instance({ name: 'W' }))).toEqual([]);
  const { configuration } = readConfiguration([{ name: 'x', text: sync }], { compat: true });
  expect(configuration.global.syncDaemon).toBeUndefined();
});

test('a service is defined once for address, port and protocol', () => {
  expect(said(instance({}), service('10.0.0.1'), service('10.0.0.1'))).toEqual(['CFG_DUPLICATE 10.0.0.1']);
  expect(said(instance({}), service('10.0.0.1'), service('10.0.0.1', 'UDP'))).toEqual([]);
});

test('an instance speaks IPv4; IPv6 addresses go with it', () => {
  expect(said(instance({ vips: 'fd00::1/128' }))).toEqual(['CFG_UNSAFE fd00::1/128']);
  expect(said(instance({ more: 'virtual_ipaddress_excluded { fd00::1/128 }' }))).toEqual([]);
});

test('an address of a service is one of an instance, when there are instances', () => {
  expect(said(instance({}), service('10.0.0.2'))).toEqual(['CFG_UNSERVED 10.0.0.2']);
  expect(said(instance({ more: 'virtual_ipaddress_excluded { 10.0.0.2 }' }), service('10.0.0.2'))).toEqual(
    [],
  );
  expect(said(service('10.0.0.2'))).toEqual([]);
});

test('addresses are compared as addresses', () => {
  expect(
    said(
      instance({ more: 'virtual_ipaddress_excluded { fd00:0:0::0001/128 }' }),
      service('FD00::1').replace('10.1.0.1', 'fd01::1'),
    ),
  ).toEqual([]);
});
