// The engine as a data plane: refusals and notices come back, and its thread's death does not go unnoticed.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EngineHost } from './engine-host.ts';
import { EngineNet, VIP } from './engine-net.ts';

let net: EngineNet;
let host: EngineHost;
const SERVICE = {
  protocol: 'TCP',
  address: VIP,
  port: 80,
  scheduler: 'wlc',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
};
const daemon = (role: string, extra: object = {}) => ({ role, interface: 'eth1', id: 7, ...extra });

beforeAll(() => {
  net = new EngineNet('engplane');
});
afterAll(() => net.remove());
beforeEach(async () => {
  host = new EngineHost(net.namespace('a'));
  await host.ask({ do: 'plane' });
});
afterEach(() => host.stop());

test('commands are done in order, and those refused come back with the reason', async () => {
  const commands = [
    { do: 'addService', service: SERVICE },
    { do: 'addService', service: SERVICE },
    { do: 'addService', service: { ...SERVICE, port: 81, scheduler: 'nothing' } },
    { do: 'startSync', daemon: daemon('master') },
    { do: 'startSync', daemon: daemon('master') },
    { do: 'startSync', daemon: daemon('backup', { interface: 'nowhere' }) },
    { do: 'startSync', daemon: daemon('backup', { group: 'ff02::88' }) },
    { do: 'startSync', daemon: daemon('backup') },
    { do: 'stopSync', daemon: daemon('master') },
    { do: 'stopSync', daemon: daemon('master') },
  ];
  const failures: { reason: string }[] = await host.ask({ do: 'apply', commands });
  const reasons = ['EEXIST', 'ENOENT', 'EEXIST', 'ENODEV', 'EAFNOSUPPORT', 'ESRCH'];
  expect(failures.map(({ reason }) => reason)).toEqual(reasons);
  expect(await host.ask({ do: 'read', what: 'readSync' })).toEqual([daemon('backup')]);
  expect(await host.ask({ do: 'read', what: 'readTable' })).toEqual({
    [`TCP ${VIP}:80`]: { ...SERVICE, servers: {} },
  });
});

test('an address nobody can answer for is said', async () => {
  const addresses = [
    { address: '2001:db8::1', prefixLength: 64, interface: 'eth8', vrid: 1 },
    { address: VIP, prefixLength: 24, interface: 'eth9', vrid: 1 },
  ];
  await host.ask({ do: 'own', addresses });
  const notices: { event: string; fields: object }[] = await host.ask({ do: 'notices' });
  expect(notices.map(({ event, fields }) => ({ event, ...fields }))).toEqual([
    { event: 'vip.failed', vip: '2001:db8::1', interface: 'eth8', reason: 'there is no interface eth8' },
    { event: 'vip.failed', vip: VIP, interface: 'eth9', reason: 'there is no interface eth9' },
  ]);
});

test('the thread’s death is told, to who waits and to the owner', async () => {
  // No daemon at all is our own mistake, which ends the thread.
  await expect(host.ask({ do: 'apply', commands: [{ do: 'startSync' }] })).rejects.toThrow('undefined');
  const notices: { lost?: string }[] = await host.ask({ do: 'notices' });
  expect(notices.filter(({ lost }) => lost !== undefined)).toHaveLength(1);
  await expect(host.ask({ do: 'read', what: 'readTable' })).rejects.toThrow('undefined');
});
