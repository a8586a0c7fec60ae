// Servers that failed leave the table, or stay with weight 0.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { applyHealth } from '../../src/director/health.ts';
import { type Server, type Service, serverKey, serviceKey } from '../../src/ipvs/model.ts';

const server = (host: string): Server => ({
  address: address(host),
  port: 80,
  forwarding: 'DR',
  weight: 3,
  upperThreshold: 0,
  lowerThreshold: 0,
});
const servers = [server('10.0.0.21'), server('10.0.0.22')];
const service: Service = {
  protocol: 'TCP',
  address: address('10.0.0.50'),
  port: 80,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
  servers: new Map(servers.map((each) => [serverKey(each), each])),
};
const key = serviceKey(service);
const table = new Map([[key, service]]);
const weights = (down: Parameters<typeof applyHealth>[1]) =>
  [...applyHealth(table, down).get(key)!.servers].map(([name, { weight }]) => [name, weight]);

test('all up: the configured table itself', () => {
  expect(applyHealth(table, new Map())).toBe(table);
});

test('removed and inhibited servers; verdicts about servers we do not have are ignored', () => {
  const failed = (how: 'remove' | 'inhibit', name: string) => new Map([[key, new Map([[name, how]])]]);
  expect(weights(failed('remove', '10.0.0.21:80'))).toEqual([['10.0.0.22:80', 3]]);
  expect(weights(failed('inhibit', '10.0.0.21:80'))).toEqual([
    ['10.0.0.21:80', 0],
    ['10.0.0.22:80', 3],
  ]);
  expect(weights(failed('remove', '10.9.9.9:80'))).toHaveLength(2);
});
