// From pools and what the health checks found to the table that is wanted.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { ALL_UP, desiredTable, type Verdicts } from '../../src/director/health.ts';
import { type Server, serverKey } from '../../src/ipvs/model.ts';
import type { Pool } from '../../src/ipvs/pool.ts';

const server = (host: string, more: Partial<Server> = {}): Server => ({
  address: address(host),
  port: 80,
  forwarding: 'DR',
  weight: 3,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});
const member = (first: string, last = first, port = 80) =>
  ({ protocol: 'TCP', first: address(first), last: address(last), port }) as const;
const RR = { scheduler: 'rr', schedulerFlags: 0, persistenceSeconds: 0, onePacket: false };
const pool = (servers: Server[], more: Partial<Pool> = {}): Pool => ({
  members: [member('10.0.0.50')],
  settings: RR,
  servers: new Map(servers.map((each) => [serverKey(each), each])),
  inhibited: new Set(),
  ...more,
});
const WEB = 'TCP 10.0.0.50:80';
const web = pool([server('10.0.0.21'), server('10.0.0.22')]);
const verdicts = (down: string[], isLost = false): Verdicts => ({
  down: new Map([[WEB, new Set(down)]]),
  lost: new Set(isLost ? [WEB] : []),
});
const weights = (of: Pool, given: Verdicts) =>
  [...desiredTable(new Map([[WEB, of]]), given).get(WEB)!.servers].map(
    ([name, { weight }]) => `${name.slice(0, -3)} ${weight}`,
  );

test('what has not changed is the same object, so that nobody has to compare it', () => {
  const table = () => desiredTable(new Map([[WEB, web]]), ALL_UP);
  expect(table().get(WEB)).toBe(table().get(WEB));
});

test('removed and inhibited servers; verdicts about servers we do not have are ignored', () => {
  const kept = { ...web, inhibited: new Set(['10.0.0.21:80']) };
  expect(weights(web, verdicts(['10.0.0.21:80']))).toEqual(['10.0.0.22 3']);
  expect(weights(kept, verdicts(['10.0.0.21:80']))).toEqual(['10.0.0.21 0', '10.0.0.22 3']);
  expect(weights(web, verdicts(['10.9.9.9:80']))).toEqual(['10.0.0.21 3', '10.0.0.22 3']);
});

describe('while the quorum is lost', () => {
  const sorry = { server: server('10.0.0.99', { weight: 1 }), isInhibited: false };
  test('without a sorry server what is left goes on', () => {
    expect(weights(web, verdicts(['10.0.0.21:80'], true))).toEqual(['10.0.0.22 3']);
  });
  test('a sorry server stands in for all, also for those that are up; else it is not there', () => {
    const with99 = { ...web, sorry };
    expect(weights(with99, verdicts(['10.0.0.21:80'], true))).toEqual(['10.0.0.99 1']);
    expect(weights(with99, verdicts(['10.0.0.21:80']))).toEqual(['10.0.0.22 3']);
    expect(weights(with99, ALL_UP)).toEqual(['10.0.0.21 3', '10.0.0.22 3']);
  });
  test('with inhibit it and the others stay with weight 0, whoever is not needed', () => {
    const inhibited = new Set(['10.0.0.21:80', '10.0.0.22:80']);
    const kept = { ...web, inhibited, sorry: { ...sorry, isInhibited: true } };
    expect(weights(kept, verdicts([], true))).toEqual(['10.0.0.21 0', '10.0.0.22 0', '10.0.0.99 1']);
    expect(weights(kept, ALL_UP)).toEqual(['10.0.0.21 3', '10.0.0.22 3', '10.0.0.99 0']);
  });
  test('a sorry server that is one of the real servers', () => {
    const own = { ...web, sorry: { server: server('10.0.0.22', { weight: 1 }), isInhibited: true } };
    expect(weights(own, verdicts([], true))).toEqual(['10.0.0.22 1']);
    expect(weights(own, ALL_UP)).toEqual(['10.0.0.21 3', '10.0.0.22 3']);
  });
});

test('a group: a service of each address and mark, ports as they came but with NAT', () => {
  const group = pool(
    [server('10.0.0.21', { port: 0 }), server('10.0.0.22', { port: 8080, forwarding: 'NAT' })],
    {
      members: [
        member('10.0.0.50', '10.0.0.51'),
        member('10.0.0.60', '10.0.0.60', 443),
        { mark: 7, family: 4 },
      ],
    },
  );
  const table = desiredTable(new Map([['group web TCP', group]]), ALL_UP);
  expect([...table].map(([key, { servers }]) => [key, ...servers.keys()])).toEqual([
    ['TCP 10.0.0.50:80', '10.0.0.21:80', '10.0.0.22:8080'],
    ['TCP 10.0.0.51:80', '10.0.0.21:80', '10.0.0.22:8080'],
    ['TCP 10.0.0.60:443', '10.0.0.21:443', '10.0.0.22:8080'],
    ['FWM 7', '10.0.0.21:0', '10.0.0.22:8080'],
  ]);
});

test('each family has its own prefix length of one client', () => {
  const mixed = pool([], {
    members: [
      { mark: 7, family: 4 },
      { mark: 7, family: 6 },
    ],
    settings: { ...RR, persistenceSeconds: 60 },
  });
  const table = desiredTable(new Map([['group web', mixed]]), ALL_UP);
  expect([...table.values()].map(({ persistencePrefix }) => persistencePrefix)).toEqual([32, 128]);
});

test('a service in two pools has the servers of both, and the settings of the first', () => {
  const pools = new Map([
    [
      'group a TCP',
      pool([server('10.0.0.21')], { members: [member('10.0.0.50')], settings: { ...RR, scheduler: 'wlc' } }),
    ],
    ['group b TCP', pool([server('10.0.0.22')], { members: [member('10.0.0.50', '10.0.0.51')] })],
  ]);
  const table = desiredTable(pools, ALL_UP);
  expect(table.get(WEB)).toMatchObject({ scheduler: 'wlc' });
  expect([...table.get(WEB)!.servers.keys()].toSorted()).toEqual(['10.0.0.21:80', '10.0.0.22:80']);
  expect([...table.get('TCP 10.0.0.51:80')!.servers.keys()]).toEqual(['10.0.0.22:80']);
});
