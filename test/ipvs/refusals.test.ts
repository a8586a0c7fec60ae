// What the embedded engine refuses, and that only that is taken out of a table.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { refusing } from '../../src/ipvs/embedded/limits.ts';
import { type Server, type Service, serverKey, serviceKey, type Table } from '../../src/ipvs/model.ts';
import { withoutRefused } from '../../src/ipvs/refusals.ts';
import { tableArbitrary } from './table-model.ts';

const REAL: Server = {
  address: address('10.1.0.21'),
  port: 80,
  forwarding: 'NAT',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
};
const SETTINGS = {
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
};
const web = { ...SETTINGS, protocol: 'TCP', address: address('10.0.0.100'), port: 80 } as const;
const SIX: Server = { ...REAL, address: address('2001:db8::21') };
const NO_MARKS = 'it hears firewall marks only from Linux 5.19 on';
const refusal = refusing({});
const servers = (...all: Server[]) => new Map(all.map((server) => [serverKey(server), server]));
const table = (...services: Service[]): Table => new Map(services.map((one) => [serviceKey(one), one]));

test('a service the engine cannot have is refused as a whole, with the reason', () => {
  const wanted = table(
    { ...web, servers: servers(REAL) },
    { ...SETTINGS, mark: 7, family: 4, servers: servers(REAL) },
    { ...web, protocol: 'SCTP', servers: servers(REAL) },
    { ...web, port: 81, scheduler: 'nothing', servers: servers(REAL) },
    { ...web, address: address('2001:db8::100'), servers: servers(SIX) },
    { ...web, port: 5060, protocol: 'UDP', persistenceEngine: 'sip', servers: servers(REAL) },
    { ...web, port: 5061, protocol: 'UDP', persistenceEngine: 'other', servers: servers(REAL) },
  );
  const [left, refused] = withoutRefused(wanted, refusing({ marks: NO_MARKS }));
  expect([...left.keys()]).toEqual([
    'TCP 10.0.0.100:80',
    'SCTP 10.0.0.100:80',
    'TCP [2001:db8::100]:80',
    'UDP 10.0.0.100:5060',
  ]);
  expect(withoutRefused(wanted, refusal)[0].has('FWM 7')).toBe(true);
  const giving = refusing({ marks: NO_MARKS, given: new Set([7]) });
  expect(withoutRefused(wanted, giving)[0].has('FWM 7')).toBe(true);
  expect(refused).toEqual([
    { service: 'FWM 7', reason: NO_MARKS },
    { service: 'TCP 10.0.0.100:81', reason: 'it has no scheduler nothing' },
    { service: 'UDP 10.0.0.100:5061', reason: 'it has no persistence engine other' },
  ]);
});

test('a server the engine cannot have leaves the others of its service', () => {
  const six: Server = { ...REAL, address: address('2001:db8::22') };
  const tunnelled: Server = { ...six, address: address('2001:db8::23'), forwarding: 'TUN' };
  const [left, refused] = withoutRefused(table({ ...web, servers: servers(REAL, six, tunnelled) }), refusal);
  expect([...left.get(serviceKey(web))!.servers.keys()]).toEqual(['10.1.0.21:80', '[2001:db8::23]:80']);
  expect(refused.map(({ server, reason }) => `${server} ${reason}`)).toEqual([
    '[2001:db8::22]:80 NAT does not lead to the other family',
  ]);
});

test('nothing is left in a table that would be refused, and nothing is lost that would not', () => {
  fc.assert(
    fc.property(tableArbitrary, (wanted) => {
      const [left, refused] = withoutRefused(wanted, refusal);
      expect(withoutRefused(left, refusal)).toEqual([left, []]);
      for (const [key, service] of wanted) {
        const isRefused = refused.some((one) => one.service === key && one.server === undefined);
        expect(left.has(key)).toBe(!isRefused);
        if (isRefused) continue;
        const gone = refused.filter((one) => one.service === key).length;
        expect(left.get(key)!.servers.size).toBe(service.servers.size - gone);
      }
    }),
  );
});

test('what was looked at before is not looked at again, and a table that is fine is returned itself', () => {
  const fine = { ...web, servers: servers(REAL) };
  const fwmark: Service = { ...SETTINGS, mark: 7, family: 4, servers: servers(REAL) };
  const looked: string[] = [];
  const noting: typeof refusal = (service, server) => {
    if (server === undefined) looked.push(serviceKey(service));
    return refusing({ marks: NO_MARKS })(service, server);
  };
  const first = table(fine);
  const [before] = withoutRefused(first, noting);
  expect(before).toBe(first);
  const [left, refused] = withoutRefused(table(fine, fwmark, { ...fine, port: 81 }), noting, before);
  expect([...left.keys()]).toEqual(['TCP 10.0.0.100:80', 'TCP 10.0.0.100:81']);
  expect(refused).toEqual([{ service: 'FWM 7', reason: NO_MARKS }]);
  expect(looked).toEqual(['TCP 10.0.0.100:80', 'FWM 7', 'TCP 10.0.0.100:81']);
});
