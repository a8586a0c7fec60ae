// From text to the typed configuration: what is said, what is not said, and where each value came from.
import { describe, expect, test } from 'vitest';
import type { Configuration } from '../../src/config/model.ts';
import { readConfiguration } from '../../src/config/read.ts';
import type { Located } from '../../src/core/diagnostic.ts';
import { pairConfiguration } from './pairs.ts';

function read(text: string, compat = false): Configuration {
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }], { compat });
  if (!compat) expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return configuration;
}

/** The same without the places. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== 'at');
  if ('at' in value && 'value' in value && entries.length === 1) return plain(value.value);
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
}

const INSTANCE = 'vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress { 10.0.0.1 }\n';

const DIRECTOR = {
  compat: false,
  engine: 'auto',
  drillHoldMs: 10_000,
  recordings: 8,
  keepalivedNames: true,
  ipvs: {},
  servers: {
    slowStartMs: 0,
    drainsRemoved: true,
    drainDeadlineMs: 300_000,
    expiresTemplates: false,
    exceptions: [],
  },
  webhooks: [],
  vipLeaseSeconds: 4,
  runtimeDirectory: '/run/lvs-director',
};

describe('defaults are keepalived’s, but for the refresh', () => {
  test('of everything in an empty file', () => {
    expect(plain(read(''))).toEqual({
      global: {
        vrrpVersion: 2,
        vrrpRealtimePriority: 0,
        downTimerAdverts: 3,
        plainChecksum: false,
        lowerPriorityNoAdvert: false,
        ownerIgnoresAdverts: false,
        higherPriorityAdvert: true,
        skipsAddressCheck: false,
        running: {
          bfd: {},
          lateUs: 1_000_000,
          receiveMultiplier: 3,
          names: {},
          netlinkCommands: { forced: false },
          netlinkEvents: { forced: false },
        },
        strict: false,
        logsUnknownIds: false,
        checksUnicastSource: false,
        multicastGroup4: '224.0.0.18',
        multicastGroup6: 'ff02::12',
        filter: { counters: false, silencesLocalGroups: false },
        garp: { masterDelayMs: 5000, masterRepeat: 5, masterRefreshMs: 60_000, masterRefreshRepeat: 1 },
        vmacPrefix: 'vrrp',
        notify: {
          pipes: [],
          priorityChanges: false,
          initialServers: false,
          statesOnReload: false,
          mailDefault: false,
        },
        ipvs: { flushesAtStart: false, flushesAtStop: false },
      },
      instances: [],
      syncGroups: [],
      trackers: { files: [], processes: [], scripts: [], sessions: [] },
      garpGroups: [],
      links: { pollsAll: false, polled: [], delays: [] },
      statics: { addresses: [], routes: [], rules: [], groups: [] },
      virtualServers: [],
      director: DIRECTOR,
    });
  });

  test('of an instance', () => {
    expect(plain(read(`${INSTANCE}}\n`).instances)).toEqual([
      {
        name: 'V',
        initialState: 'BACKUP',
        interface: 'eth0',
        virtualRouterId: 5,
        priority: 100,
        advertIntervalMs: 1000,
        nopreempt: false,
        preemptDelayMs: 0,
        trackInterfaces: [],
        weightedInterfaces: [],
        tracks: [],
        dontTrackPrimary: false,
        pollsLink: false,
        virtualMacsElsewhere: false,
        virtualAddresses: [{ prefix: { address: '10.0.0.1', length: 32 }, flags: [] }],
        virtualAddressesExcluded: [],
        unicastPeers: [],
        promoteSecondaries: false,
        routes: [],
        rules: [],
        garp: {},
        notify: { programs: {}, tellsDeleted: false },
      },
    ]);
  });

  test('of state and priority, each from the other', () => {
    const of = (line: string) => {
      const [instance] = read(`${INSTANCE}${line}\n}\n`).instances;
      return [instance!.initialState.value, instance!.priority.value];
    };
    expect(of('priority 255')).toEqual(['MASTER', 255]);
    expect(of('state MASTER')).toEqual(['MASTER', 255]);
    expect(of('priority 254')).toEqual(['BACKUP', 254]);
  });

  test('of a service, its servers and their checks', () => {
    const text = 'virtual_server 10.0.0.1 80 {\nprotocol TCP\nreal_server 10.1.0.1 {\nTCP_CHECK {\n}\n}\n}\n';
    expect(plain(read(text).virtualServers)).toEqual([
      {
        selects: { by: 'address', address: '10.0.0.1', port: 80 },
        protocol: 'TCP',
        scheduler: 'wlc',
        schedulerFlags: [],
        method: { forwarding: 'NAT' },
        persistenceSeconds: 0,
        onePacket: false,
        alpha: false,
        inhibitOnFailure: false,
        quorum: 1,
        hysteresis: 0,
        tellsStop: false,
        suspends: false,
        check: {},
        realServers: [
          {
            address: '10.1.0.1',
            port: 80,
            weight: 1,
            upperThreshold: 0,
            lowerThreshold: 0,
            checks: [
              {
                type: 'TCP_CHECK',
                alpha: false,
                delayLoopMs: 60_000,
                connectTimeoutMs: 5000,
                retry: 1,
                delayBeforeRetryMs: 1000,
              },
            ],
          },
        ],
      },
    ]);
  });
});

describe('what is said', () => {
  test('in a pair as the lab writes it', () => {
    const { global, instances, virtualServers } = read(
      pairConfiguration({
        mode: 'nat',
        advert: '0.1',
        scheduler: 'mh',
        instance: '    nopreempt\n',
        service: '    mh-port\n',
      }),
    );
    expect(plain(global.syncDaemon)).toEqual({ interface: 'eth0', instance: 'VI_1', id: 51 });
    expect(plain(instances)).toMatchObject([
      { priority: 150, advertIntervalMs: 100, nopreempt: true, trackInterfaces: ['eth1'] },
    ]);
    expect(plain(virtualServers)).toMatchObject([
      {
        scheduler: 'mh',
        schedulerFlags: ['mh-port'],
        method: { forwarding: 'NAT' },
        check: { delayLoopMs: 1000 },
      },
    ]);
    expect(plain(virtualServers[0]!.realServers[2]!)).toMatchObject({
      address: '10.1.0.23',
      weight: 3,
      checks: [{ delayLoopMs: 1000, connectTimeoutMs: 1000, retry: 1, delayBeforeRetryMs: 1000 }],
    });
  });

  test('a checker’s value wins over its server’s, and that over its service’s', () => {
    const text = `virtual_server 10.0.0.1 80 {\nprotocol TCP\ndelay_loop 1\nretry 2\nwarmup 7\nalpha\nweight 9
real_server 10.1.0.1 80 {\nretry 3\ndelay_loop 2\nTCP_CHECK {\ndelay_loop 3\nalpha off\n}\n}
real_server 10.1.0.2 80 {\nweight 0\nalpha no\ninhibit_on_failure\nTCP_CHECK {\n}\n}\n}\n`;
    expect(plain(read(text).virtualServers[0]!.realServers)).toMatchObject([
      { weight: 9, checks: [{ delayLoopMs: 3000, retry: 3, warmupMs: 7000, alpha: false }] },
      {
        weight: 0,
        inhibitOnFailure: true,
        checks: [{ delayLoopMs: 1000, retry: 2, warmupMs: 7000, alpha: false }],
      },
    ]);
  });

  test.each<[string, object]>([
    ['eth0', { interface: 'eth0' }],
    ['eth0 V', { interface: 'eth0', instance: 'V' }],
    ['eth0 inst V', { interface: 'eth0', instance: 'V' }],
    ['eth0 V 9', { interface: 'eth0', instance: 'V', id: 9 }],
    [
      'eth0 V id 9 maxlen 1400 port 8849 ttl 2 group 224.0.0.90',
      { instance: 'V', id: 9, maxlen: 1400, port: 8849, ttl: 2, group: '224.0.0.90' },
    ],
    ['eth0 id 9 inst V', { instance: 'V', id: 9 }],
  ])('lvs_sync_daemon %s', (line, expected) => {
    const { global } = read(`global_defs {\nlvs_sync_daemon ${line}\n}\n${INSTANCE}}\n`);
    expect(plain(global.syncDaemon)).toMatchObject(expected);
  });

  test('times are milliseconds, exactly', () => {
    const of = (seconds: string) =>
      read(`${INSTANCE}version 3\nadvert_int ${seconds}\n}\n`).instances[0]!.advertIntervalMs.value;
    expect(['0.01', '0.29', '1.1', '.5', '40.95'].map(of)).toEqual([10, 290, 1100, 500, 40_950]);
  });

  test('persistence alone is 360 s, a granularity means persistence', () => {
    const of = (line: string) =>
      plain(read(`virtual_server 10.0.0.1 80 {\nprotocol TCP\n${line}\n}\n`).virtualServers[0]);
    expect(of('persistence_timeout')).toMatchObject({ persistenceSeconds: 360 });
    expect(of('persistence_granularity 255.255.255.0')).toMatchObject({
      persistenceSeconds: 360,
      persistencePrefix: 24,
    });
    expect(of('persistence_timeout 5\npersistence_granularity 255.255.255.255')).toMatchObject({
      persistenceSeconds: 5,
      persistencePrefix: 32,
    });
  });

  test('vrrp_min_garp changes what is not said', () => {
    const { garp } = read('global_defs {\nvrrp_min_garp\nvrrp_garp_master_repeat 3\n}\n').global;
    expect(plain(garp)).toMatchObject({ masterDelayMs: 0, masterRepeat: 3 });
  });

  test('an IPv6 instance is version 3, whatever the default', () => {
    const text = `${INSTANCE.replace('10.0.0.1', 'fe80::1/128')}advert_int 0.5\n}\n`;
    const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }]);
    expect(configuration.instances[0]!.version?.value).toBe(3);
    expect(diagnostics).toEqual([]);
  });

  test('several files are one', () => {
    const sources = [
      { name: 'a', text: 'director {\nengine kernel\n}\n$P=7\n' },
      { name: 'b', text: `${INSTANCE}priority $P\n}\ndirector {\nvip_lease 0\n}\n` },
    ];
    const { configuration, diagnostics } = readConfiguration(sources);
    expect(diagnostics).toEqual([]);
    expect(configuration.instances[0]!.priority.value).toBe(7);
    expect(plain(configuration.director)).toMatchObject({ engine: 'kernel', vipLeaseSeconds: 0 });
  });
});

describe('places', () => {
  const text = `${INSTANCE}priority 150\n}\n`;
  const { instances } = read(text);
  const [instance] = instances;
  const words = ({ at }: Located<unknown> | { at: Located<unknown>['at'] }) => text.slice(at.start, at.end);

  test('a value points at itself', () => {
    expect(words(instance!.priority)).toBe('150');
    expect(words(instance!.name)).toBe('V');
    expect(words(instance!.virtualAddresses[0]!.prefix)).toBe('10.0.0.1');
  });

  test('a default points at the head of its block', () => {
    expect(words(instance!.advertIntervalMs)).toBe('vrrp_instance V');
    expect(words(instance!)).toBe('vrrp_instance V');
  });
});

describe('`ipvs` of director', () => {
  const ipvs = (words: string) => `director {\nipvs {\n${words}\n}\n}\n`;

  test('what is named, in the kernel’s numbers; of several blocks the last word counts', () => {
    const text = ipvs('sloppy_tcp\npmtu_disc off\nconn_reuse_mode 2\ndrop_entry 3\nsloppy_tcp off');
    expect(plain(read(text).director.ipvs)).toEqual({
      sloppy_tcp: 0,
      pmtu_disc: 0,
      conn_reuse_mode: 2,
      drop_entry: 3,
    });
    const { ipvs: both } = read(text + ipvs('pmtu_disc\nnat_icmp_send on')).director;
    expect(plain(both)).toMatchObject({ pmtu_disc: 1, nat_icmp_send: 1, conn_reuse_mode: 2 });
  });

  test.each([
    ['conn_reuse_mode 3', 'CFG_RANGE'],
    ['drop_packet 4', 'CFG_RANGE'],
    ['am_droprate 0', 'CFG_RANGE'],
    ['expire_nodest_conn 1', 'CFG_VALUE'],
    // What sync sets is not the file's.
    ['sync_threshold 3', 'CFG_UNKNOWN'],
    ['sync_persist_mode 1', 'CFG_UNKNOWN'],
    ['backup_only on', 'CFG_UNKNOWN'],
  ])('%s: %s', (words, code) => {
    const { diagnostics } = readConfiguration([{ name: 'x', text: ipvs(words) }]);
    expect(diagnostics.map((one) => one.code)).toEqual([code]);
  });
});

test('`director { compat }` is --compat', () => {
  const text = 'director {\ncompat\n}\nglobal_defs {\nno_such_word 1\n}\n';
  const severities = (file: string) =>
    readConfiguration([{ name: 'x', text: file }]).diagnostics.map(({ severity }) => severity);
  expect(severities(text)).toEqual(['ignored']);
  expect(severities(text.replace('compat', 'compat off'))).toEqual(['error']);
});

describe('with --compat the effective values are keepalived’s', () => {
  const of = (lines: string) =>
    plain(read(`${INSTANCE}${lines}\n}\n`, true).instances[0]) as Record<string, unknown>;

  test.each<[string, string, object]>([
    ['a value that is out of range', 'priority 300', { priority: 100 }],
    ['parts of a second in version 2', 'advert_int 0.1', { advertIntervalMs: 1000 }],
    ['1.6 s in version 2', 'advert_int 1.6', { advertIntervalMs: 2000 }],
    ['too slow for version 3', 'version 3\nadvert_int 41', { advertIntervalMs: 40_950 }],
    ['nopreempt of a MASTER', 'state MASTER\npriority 9\nnopreempt', { nopreempt: false }],
    ['preempt_delay with nopreempt', 'nopreempt\npreempt_delay 5', { nopreempt: true, preemptDelayMs: 0 }],
    ['preempt after nopreempt', 'nopreempt\npreempt', { nopreempt: false }],
    [
      'an address of the other family',
      'virtual_ipaddress { fd00::1 }',
      { virtualAddresses: [{ prefix: { address: '10.0.0.1', length: 32 } }] },
    ],
    [
      'weighted interfaces',
      'track_interface {\neth1 weight 5\neth2\neth3 weight -5 reverse\neth4 weight 0\n}',
      {
        trackInterfaces: ['eth2', 'eth4'],
        weightedInterfaces: [
          { interface: 'eth1', weight: 5, reverse: false },
          { interface: 'eth3', weight: -5, reverse: true },
        ],
      },
    ],
  ])('%s', (_, lines, expected) => {
    expect(of(lines)).toMatchObject(expected);
  });

  test('a port that DR cannot change is the service’s, a duplicate server is left out', () => {
    const text =
      'virtual_server 10.0.0.1 80 {\nprotocol TCP\nlvs_method DR\n' +
      'real_server 10.1.0.1 81 {\n}\nreal_server 10.1.0.1 80 {\nweight 7\n}\n}\n';
    expect(plain(read(text, true).virtualServers[0]!.realServers)).toMatchObject([{ port: 80, weight: 1 }]);
  });
});
