// The keeper against a plane that somebody else writes to as well: what is put back, when, and what is said.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Notice } from '../../src/core/events.ts';
import { TableKeeper } from '../../src/daemon/table-keeper.ts';
import { type Service, serviceKey, type Table } from '../../src/ipvs/model.ts';
import type { Command, DataPlane } from '../../src/ipvs/plane.ts';
import { apply } from '../ipvs/table-model.ts';
import { server, service, tableOf } from '../ipvs/tables.ts';

class SharedPlane implements DataPlane {
  readonly engine = 'kernel';
  readonly marker = { mark: async () => undefined };
  table: Table = new Map();
  sent: Command[] = [];
  reads = 0;
  refusal(): undefined {}
  async readTable() {
    this.reads++;
    return this.table;
  }
  async readServices(services: readonly Service[]) {
    const keys = new Set(services.map(serviceKey));
    return new Map([...this.table].filter(([key]) => keys.has(key)));
  }
  async readSync() {
    return [];
  }
  async readInfo() {
    const timeouts = { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 };
    return { version: '1.2.1', connectionTableSize: 4096, timeouts };
  }
  async *readConnections() {}
  async readCounted() {
    return { table: this.table, counters: new Map() };
  }
  async readServerCounters() {
    return new Map();
  }
  async apply(commands: readonly Command[]) {
    this.sent.push(...commands);
    this.table = commands.reduce(apply, this.table);
    return [];
  }
  async changeTimeouts() {}
  readSetting(): undefined {}
  changeSetting(): undefined {}
  async own() {}
  async countConnections() {
    return 0;
  }
  async close() {}
}

const serverAt = (host: number) => server(`10.1.0.${host}`, 80);
const serviceOn = (port: number, servers = [serverAt(21), serverAt(22)]) =>
  service('10.0.0.100', port, servers);

let plane: SharedPlane;
let keeper: TableKeeper;
let said: Notice[];
const events = () => said.map(({ event }) => event).filter((event) => event !== 'ipvs.applied');

beforeEach(() => {
  vi.useFakeTimers();
  plane = new SharedPlane();
  said = [];
  keeper = new TableKeeper(
    plane,
    (notice) => said.push(notice),
    () => undefined,
  );
});
afterEach(() => {
  keeper.stopWatching();
  vi.useRealTimers();
});
async function started(table: Table): Promise<void> {
  await keeper.want(table);
  keeper.watch((error) => {
    throw error;
  });
  plane.sent = [];
}

test('a table that nobody touches is looked at, and nothing is sent', async () => {
  await started(tableOf(...Array.from({ length: 50 }, (_, i) => serviceOn(1000 + i))));
  const { reads } = plane;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([plane.sent, plane.reads, events()]).toEqual([[], reads, []]);
});

test('a cleared table is whole again within a second, said and counted; what others add stays', async () => {
  const wanted = tableOf(...Array.from({ length: 50 }, (_, i) => serviceOn(1000 + i)));
  const foreign = tableOf(serviceOn(99));
  await started(wanted);
  plane.table = foreign;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(plane.table).toEqual(new Map([...foreign, ...wanted]));
  expect(said.find(({ event }) => event === 'ipvs.repaired')?.fields).toMatchObject({
    commands: 150,
    services: 50,
    repairs: 1,
  });
  expect(keeper.repairs).toBe(1);
});

test('one server among many is found when it is its turn', async () => {
  const wanted = tableOf(...Array.from({ length: 100 }, (_, i) => serviceOn(1000 + i)));
  await started(wanted);
  plane.table = new Map([...wanted, ['TCP 10.0.0.100:1099', serviceOn(1099, [serverAt(21)])]]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(plane.sent.map((command) => command.do)).toEqual(['addServer']);
  expect(plane.table).toEqual(wanted);
});

test('in a fight it is put back five times in ten seconds, which is said once', async () => {
  await started(tableOf(serviceOn(80)));
  for (let tick = 0; tick < 20; tick++) {
    plane.table = new Map();
    await vi.advanceTimersByTimeAsync(400);
  }
  expect(events().filter((event) => event === 'ipvs.repaired')).toHaveLength(5);
  expect(events().filter((event) => event === 'ipvs.contested')).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(plane.table.size, 'and again when it is over').toBe(1);
});

test('a wish of our own is no repair', async () => {
  await started(tableOf(serviceOn(80)));
  await keeper.want(tableOf(serviceOn(80), serviceOn(81)));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(events()).toEqual([]);
});

test('a reload sends the difference at once and looks at all of the table soon', async () => {
  const services = Array.from({ length: 1000 }, (_, i) => serviceOn(1000 + i));
  const wanted = tableOf(...services);
  await started(wanted);
  const { reads } = plane;
  plane.table = new Map([...wanted, ['TCP 10.0.0.100:1999', serviceOn(1999, [serverAt(21)])]]);
  keeper.refresh();
  await keeper.want(tableOf(...services, serviceOn(80)));
  expect([plane.reads, plane.sent.map((command) => command.do)]).toEqual([
    reads,
    ['addService', 'addServer', 'addServer'],
  ]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(plane.table).toEqual(tableOf(...services, serviceOn(80)));
  expect(keeper.repairs).toBe(1);
});

/** The plane may have no audit that would find it later. */
test.each(['readSync', 'apply'] as const)(
  'what is wanted while something else is on its way comes after it (%s takes its time)',
  async (slow) => {
    const second = tableOf(serviceOn(80, [serverAt(22)]));
    await keeper.want(tableOf(serviceOn(80)));
    await keeper.wantSync([]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const original: SharedPlane['apply'] = plane[slow].bind(plane);
    vi.spyOn(plane, slow as 'apply').mockImplementationOnce(async (commands) => {
      await promise;
      return original(commands);
    });
    const onWay = keeper.want(tableOf(serviceOn(80), serviceOn(81)));
    await vi.advanceTimersByTimeAsync(1);
    const later = keeper.want(second);
    resolve();
    await Promise.all([onWay, later]);
    expect(plane.table).toEqual(second);
  },
);
