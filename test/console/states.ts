// The state of a director, for tests of what is made of it.
import type { DirectorState } from '../../src/console/state.ts';
import { address } from '../../src/core/address.ts';
import type { Counters, Server, Service } from '../../src/ipvs/model.ts';

const COUNTERS: Counters = {
  connections: 12n,
  inPackets: 2n ** 60n,
  outPackets: 0n,
  inBytes: 1_500n,
  outBytes: 0n,
};
const SERVER: Server = {
  address: address('10.1.0.21'),
  port: 8080,
  forwarding: 'NAT',
  weight: 3,
  upperThreshold: 0,
  lowerThreshold: 0,
};
const SERVICE: Service = {
  protocol: 'TCP',
  address: address('10.0.0.50'),
  port: 80,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 300,
  persistencePrefix: 32,
  onePacket: false,
  servers: new Map([['10.1.0.21:8080', SERVER]]),
};
export const SERVICE_KEY = 'TCP 10.0.0.50:80';

function checked(server: string, up: boolean): DirectorState['health']['servers'][number] {
  const settings = {
    type: 'TCP_CHECK' as const,
    address: address('10.1.0.22'),
    port: 8080,
    delayLoopMs: 1_000,
    connectTimeoutMs: 1_000,
    retry: 1,
    delayBeforeRetryMs: 1_000,
    warmupMs: 0,
    alpha: false,
  };
  const state = { phase: 'waiting' as const, up, tested: true, failures: 0 };
  const result = up
    ? ({ ok: true, ms: 1 } as const)
    : ({ ok: false, reason: 'refused', detail: '', ms: 1 } as const);
  const last = { atMs: 4_500, result };
  const checks = [{ ...state, key: `${SERVICE_KEY} ${server} TCP_CHECK`, settings, last }];
  return { service: SERVICE_KEY, server, up, inhibit: false, sinceMs: 1_000, checks };
}

export const STATE: DirectorState = {
  version: '0.1.0',
  directorPid: 100,
  balancerPid: 101,
  startedAtMs: Date.UTC(2026, 10, 22, 22),
  writtenAtMs: Date.UTC(2026, 10, 22, 23, 2),
  configFiles: ['/etc/keepalived/keepalived.conf'],
  engine: 'kernel',
  connections: 7,
  tableRepairs: 0,
  monotonicMs: 50_000,
  instances: [
    {
      name: 'VI_1',
      state: 'MASTER',
      sinceMs: 46_800,
      priority: 150,
      lastMaster: { address: address('10.0.0.2'), priority: 100, atMs: 45_900 },
      clockSkewMs: -12,
      counters: { advertsSent: 4 },
    },
  ],
  table: new Map([[SERVICE_KEY, SERVICE]]),
  counters: new Map([
    [
      SERVICE_KEY,
      {
        ...COUNTERS,
        servers: new Map([
          [
            '10.1.0.21:8080',
            { ...COUNTERS, activeConnections: 2, inactiveConnections: 5, persistentConnections: 0 },
          ],
        ]),
      },
    ],
  ]),
  health: {
    atMs: 5_000,
    servers: [checked('10.1.0.21:8080', true), checked('10.1.0.22:8080', false)],
    probes: { underWay: 1, waiting: 0, longestWaitMs: 0 },
  },
  syncDaemons: [{ role: 'master', interface: 'eth0', id: 51 }],
  sync: { state: 'off' },
  lastEvents: [
    {
      atMs: Date.UTC(2026, 10, 22, 23, 1),
      notice: { event: 'vrrp.state', message: '(VI_1) Entering MASTER STATE', fields: { psk: 'hunter2' } },
    },
  ],
};
