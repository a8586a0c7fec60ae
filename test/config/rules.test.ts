// What only shows between blocks: collisions, references to nowhere, services that nobody reaches.
import { describe, expect, test } from 'vitest';
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
  expect(said(instance({}), instance(second))).toEqual(['CFG_VRID 5']);
  expect(said(instance({}), instance({ ...second, device: 'eth1' }))).toEqual([]);
  expect(said(instance({}), instance({ ...second, vips: 'fe80::1/128' }))).toEqual([]);
  const peers = (peer: string) => `unicast_peer { ${peer} }`;
  const unicast = (peer: string) => instance({ ...second, more: peers(peer) });
  expect(said(instance({ more: peers('10.0.0.8') }), unicast('10.0.0.9'))).toEqual([]);
  expect(said(instance({ more: peers('10.0.0.9') }), unicast('10.0.0.9'))).toEqual(['CFG_VRID 5']);
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

test('an instance speaks one family; addresses of the other go with it', () => {
  expect(said(instance({ vips: 'fd00::1/128' }))).toEqual([]);
  expect(said(instance({ vips: '10.0.0.1\nfd00::1/128' }))).toEqual(['CFG_CONTRADICTION fd00::1/128']);
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

describe('addresses in two roles', () => {
  const peers = (own: string, peer: string) => `unicast_src_ip ${own}\nunicast_peer { ${peer} }`;
  test.each<[string, string[], string[]]>([
    ['peers', [instance({ more: peers('10.0.0.11', '10.0.0.12') })], []],
    ['a peer that is oneself', [instance({ more: peers('10.0.0.11', '10.0.0.11') })], ['CFG_SELF 10.0.0.11']],
    ['a peer that moves', [instance({ more: peers('10.0.0.11', '10.0.0.1') })], ['CFG_TWO_ROLES 10.0.0.1']],
    ['a source that moves', [instance({ more: 'mcast_src_ip 10.0.0.1' })], ['CFG_TWO_ROLES 10.0.0.1']],
    [
      "the owner's own address",
      [instance({ more: 'mcast_src_ip 10.0.0.1\npriority 255' })],
      ['CFG_OWNER 255'],
    ],
    [
      'a real server that is its own service',
      [instance({}), service('10.0.0.1').replace('10.1.0.1', '10.0.0.1')],
      ['CFG_TWO_ROLES 10.0.0.1'],
    ],
    [
      'a real server that is an address of ours',
      [instance({ vips: '10.0.0.1\n10.0.0.2' }), service('10.0.0.1').replace('10.1.0.1', '10.0.0.2')],
      ['CFG_TWO_ROLES 10.0.0.2'],
    ],
    [
      'a real server on this machine',
      [instance({}), service('10.0.0.1').replace('10.1.0.1', '127.0.0.1')],
      [],
    ],
  ])('%s', (_, texts, expected) => {
    expect(said(...texts)).toEqual(expected);
  });
});

test('an instance has an address of a service, or is the gateway of real servers', () => {
  const other = (vips: string) => instance({ name: 'W', id: 6, vips });
  expect(said(instance({}), other('10.0.0.9'), service('10.0.0.1'))).toEqual(['CFG_IDLE W']);
  expect(said(instance({}), other('10.1.0.254/24'), service('10.0.0.1'))).toEqual([]);
  expect(said(instance({}), other('10.0.0.9'))).toEqual([]);
  expect(said(instance({}), other('10.0.0.9'), service('10.0.0.2')), 'one mistake, one complaint').toEqual([
    'CFG_UNSERVED 10.0.0.2',
  ]);
});

test('a prefix length is that of a network', () => {
  expect(said(instance({ vips: '10.0.0.1/8' }))).toEqual([]);
  expect(said(instance({ vips: '10.0.0.1/0' }))).toEqual(['CFG_PREFIX 10.0.0.1/0']);
});

test('the own interface needs no tracking', () => {
  expect(said(instance({ more: 'track_interface { eth1 }' }))).toEqual([]);
  expect(said(instance({ more: 'track_interface { eth0 }' }))).toEqual(['CFG_REDUNDANT eth0']);
});

describe('real servers and their checks', () => {
  /** Of a service with these settings, each entry a real server. */
  const farm = (settings: string, ...servers: string[]) =>
    said(
      `virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${settings}\n`,
      ...servers.map((inner, i) => `real_server 10.1.0.${i + 1} 80 {\n${inner}\n}\n`),
      '}\n',
    );
  const check = (...lines: string[]) => `TCP_CHECK {\n${lines.join('\n')}\n}`;

  test.each<[string, string[], string[]]>([
    ['all weights 0', ['weight 0', 'weight 0'], ['CFG_EMPTY 0']],
    ['one weight 0', ['weight 0', 'weight 1'], []],
    ['thresholds the wrong way round', ['uthreshold 10\nlthreshold 20'], ['CFG_KERNEL 20']],
    ['a lower threshold alone', ['lthreshold 20'], ['CFG_KERNEL 20']],
    ['one unchecked', [check(), check(), ''], ['CFG_UNCHECKED 10.1.0.3']],
    ['all unchecked', ['', ''], []],
    ['another check that is left out', [check(), 'SMTP_CHECK {\n}'], ['CFG_UNSUPPORTED SMTP_CHECK']],
    ['a port nobody named', [check('connect_port 81')], []],
    ['from one family to another', [check('connect_port 80', 'bindto fd00::9')], ['CFG_VAIN_CHECK fd00::9']],
    ['a try longer than the interval', [check('delay_loop 2', 'connect_timeout 3')], ['CFG_SLOW_CHECK 3']],
    ['the default longer than the interval', [check('delay_loop 2')], ['CFG_SLOW_CHECK 2']],
    ['retries longer than the interval', [check('delay_loop 2', 'connect_timeout 1', 'retry 5')], []],
  ])('%s', (_, servers, expected) => {
    expect(farm('', ...servers)).toEqual(expected);
  });

  test('no port to check', () => {
    const every = (lines: string) =>
      said(`virtual_server 10.0.0.1 {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\npersistence_timeout 60
real_server 10.1.0.1 {\nTCP_CHECK {\n${lines}\n}\n}\n}\n`);
    expect(every('')).toEqual(['CFG_VAIN_CHECK TCP_CHECK']);
    expect(every('connect_port 80')).toEqual([]);
  });

  test.each(['224.0.0.1', '0.0.0.0', '255.255.255.255', 'ff02::1', '::'])(
    '%s is no real server',
    (address) => {
      const vip = address.includes(':') ? 'fd00::1' : '10.0.0.1';
      expect(said(service(vip).replace('10.1.0.1', address))).toEqual([`CFG_KERNEL ${address}`]);
    },
  );

  test('what all inherit is said once', () => {
    expect(farm('delay_loop 1', check(), check(), check())).toEqual(['CFG_SLOW_CHECK 1']);
    expect(farm('connect_timeout 90', check(), check())).toEqual(['CFG_SLOW_CHECK 90']);
  });
});
