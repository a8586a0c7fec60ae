// Reconcile: its two properties, that no service is ever empty on the way, and the cases an operator would
// ask about.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  type Server,
  type Service,
  type SyncDaemon,
  serverKey,
  serviceKey,
  type Table,
} from '../../src/ipvs/model.ts';
import { reconcile, reconcileSync } from '../../src/ipvs/reconcile.ts';
import { apply, keysArbitrary, tableArbitrary } from './table-model.ts';

const triple = fc.tuple(tableArbitrary, tableArbitrary, keysArbitrary);
const runs = { numRuns: 500 };

test('applied, the owned part is what is desired and the rest is untouched', () => {
  fc.assert(
    fc.property(triple, ([desired, actual, owned]) => {
      const after = reconcile(desired, actual, owned).reduce(apply, actual);
      const foreign = [...actual].filter(([key]) => !owned.has(key) && !desired.has(key));
      expect(after).toEqual(new Map([...foreign, ...desired]));
    }),
    runs,
  );
});

test('nothing is done where nothing differs', () => {
  fc.assert(
    fc.property(tableArbitrary, keysArbitrary, (desired, owned) => {
      expect(reconcile(desired, desired, owned)).toEqual([]);
    }),
    runs,
  );
});

const serves = (service: Service | undefined): boolean => (service?.servers.size ?? 0) > 0;
const weighs = (service: Service | undefined): boolean =>
  [...(service?.servers.values() ?? [])].some(({ weight }) => weight > 0);

test.each([
  ['server', serves],
  ['server of some weight', weighs],
])('a service that has a %s before and after has one all the while', (_, has) => {
  fc.assert(
    fc.property(triple, ([desired, actual, owned]) => {
      let table: Table = actual;
      for (const command of reconcile(desired, actual, owned)) {
        table = apply(table, command);
        for (const [key, want] of desired) {
          if (has(want) && has(actual.get(key))) expect(has(table.get(key)), command.do).toBe(true);
        }
      }
    }),
    runs,
  );
});

const server = (host: number, changes: Partial<Server> = {}): Server => ({
  address: address(`10.1.0.${host}`),
  port: 80,
  forwarding: 'NAT',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...changes,
});
const web = (servers: Server[], changes: Partial<Service> = {}): Service => ({
  protocol: 'TCP',
  address: address('10.0.0.100'),
  port: 80,
  scheduler: 'wlc',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
  servers: new Map(servers.map((one) => [serverKey(one), one])),
  ...changes,
});
const table = (...services: Service[]): Table => new Map(services.map((one) => [serviceKey(one), one]));
const verbs = (desired: Table, actual: Table, owned: Table = desired): string[] =>
  reconcile(desired, actual, new Set(owned.keys())).map((command) => {
    if (command.do === 'startSync' || command.do === 'stopSync') return command.do;
    const on = 'server' in command ? ` ${serverKey(command.server)}` : '';
    return `${command.do}${on}`;
  });

describe('what an operator does', () => {
  test('a server is replaced: the new one first', () => {
    expect(verbs(table(web([server(22)])), table(web([server(21)])))).toEqual([
      'addServer 10.1.0.22:80',
      'delServer 10.1.0.21:80',
    ]);
  });
  test('weights are swapped: the one that gains first', () => {
    const before = table(web([server(21, { weight: 1 }), server(22, { weight: 0 })]));
    const after = table(web([server(21, { weight: 0 }), server(22, { weight: 1 })]));
    expect(verbs(after, before)).toEqual(['setServer 10.1.0.22:80', 'setServer 10.1.0.21:80']);
  });
  test('scheduler, persistence and forwarding are edited in place', () => {
    const before = table(web([server(21)]));
    expect(verbs(table(web([server(21)], { scheduler: 'mh', schedulerFlags: 0x18 })), before)).toEqual([
      'setService',
    ]);
    expect(verbs(table(web([server(21)], { persistenceSeconds: 300 })), before)).toEqual(['setService']);
    expect(verbs(table(web([server(21, { forwarding: 'DR' })])), before)).toEqual(['setServer 10.1.0.21:80']);
    expect(verbs(table(web([server(21, { upperThreshold: 9 })])), before)).toEqual([
      'setServer 10.1.0.21:80',
    ]);
  });
  test('a service leaves the file: removed, with its servers, when it is ours', () => {
    expect(verbs(table(), table(web([server(21)])), table(web([])))).toEqual(['delService']);
    expect(verbs(table(), table(web([server(21)])), table())).toEqual([]);
  });
  test('what somebody added to a service of ours is taken out again', () => {
    expect(verbs(table(web([server(21)])), table(web([server(21), server(66)])))).toEqual([
      'delServer 10.1.0.66:80',
    ]);
  });
});

const daemon = (changes: Partial<SyncDaemon> = {}): SyncDaemon => ({
  role: 'master',
  interface: 'eth1',
  id: 51,
  ...changes,
});
const KERNEL = { maxlen: 1472, port: 8848, ttl: 1, group: address('224.0.0.81') };
const syncVerbs = (...tables: Parameters<typeof reconcileSync>): string[] =>
  reconcileSync(...tables).map((command) => {
    if (command.do !== 'startSync' && command.do !== 'stopSync') return command.do;
    return `${command.do} ${command.daemon.role} ${command.daemon.interface} ${command.daemon.id}`;
  });

describe('sync threads', () => {
  test('what is left open matches whatever the kernel chose', () => {
    expect(syncVerbs([daemon()], [daemon(KERNEL)])).toEqual([]);
    expect(syncVerbs([daemon({ maxlen: 0, port: 0, ttl: 0 })], [daemon(KERNEL)])).toEqual([]);
    expect(syncVerbs([daemon(KERNEL)], [daemon(KERNEL)])).toEqual([]);
  });
  test.each([
    [{ interface: 'eth2' }],
    [{ id: 52 }],
    [{ maxlen: 1400 }],
    [{ port: 8849 }],
    [{ ttl: 2 }],
    [{ group: address('224.0.0.82') }],
  ])('%j is not %j: stopped and started anew', (changes) => {
    const want = { ...daemon(KERNEL), ...changes };
    expect(syncVerbs([want], [daemon(KERNEL)])).toEqual([
      'stopSync master eth1 51',
      `startSync master ${want.interface} ${want.id}`,
    ]);
  });
  test('sizes are compared as the kernel rounds them, else it would never come to rest', () => {
    const backup = daemon({ role: 'backup' });
    expect(syncVerbs([{ ...backup, maxlen: 500 }], [{ ...backup, ...KERNEL, maxlen: 1024 }])).toEqual([]);
    expect(syncVerbs([daemon({ maxlen: 65535 })], [daemon({ ...KERNEL, maxlen: 65507 })])).toEqual([]);
    const six = daemon({ maxlen: 65535, group: address('ff02::88') });
    expect(syncVerbs([six], [{ ...six, maxlen: 65487 }])).toEqual([]);
  });
  test('a change of role starts the new thread first', () => {
    expect(syncVerbs([daemon({ role: 'backup' })], [daemon(KERNEL)], [])).toEqual([
      'startSync backup eth1 51',
      'stopSync master eth1 51',
    ]);
  });
  test('what is not wanted is stopped when it is ours', () => {
    const foreign = daemon({ role: 'backup', interface: 'eth9', id: 9 });
    expect(syncVerbs([daemon()], [daemon(KERNEL), foreign], [])).toEqual([]);
    expect(syncVerbs([], [daemon(KERNEL), foreign], [daemon()])).toEqual(['stopSync master eth1 51']);
    expect(syncVerbs([], [daemon(KERNEL)])).toEqual(['stopSync master eth1 51']);
  });
});
