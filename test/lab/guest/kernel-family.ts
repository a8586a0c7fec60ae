// Part of kernel-plane.ts: what the IPVS family says beside services, straight over a netlink socket.
import assert from 'node:assert/strict';
import { address } from '../../../src/core/address.ts';
import { decodeInfo, decodeServer, decodeTimeouts } from '../../../src/ipvs/kernel/answers.ts';
import {
  changeTimeouts,
  commandRequest,
  dumpServers,
  flushAll,
  getInfo,
  getTimeouts,
  zeroCounters,
} from '../../../src/ipvs/kernel/requests.ts';
import type { ServiceHead } from '../../../src/ipvs/model.ts';
import { NetlinkSocket } from '../../../src/linux/netlink-socket.ts';
import { decodeFamily, familyRequest, NETLINK_GENERIC } from '../../../src/netlink/generic.ts';

type Check = (name: string, body: () => Promise<unknown>) => Promise<void>;
const HEAD: ServiceHead = {
  protocol: 'TCP',
  address: address('10.0.0.100'),
  port: 80,
  scheduler: 'wlc',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
};

export async function checkFamily(check: Check, ipvsadm: (...words: string[]) => string): Promise<void> {
  const socket = new NetlinkSocket(NETLINK_GENERIC);
  const found = decodeFamily(socket.request(familyRequest('IPVS'))[0]!);
  assert(found.ok);
  const { id } = found.value;

  await check('version and size of the connection table', async () => {
    const info = decodeInfo(socket.request(getInfo(id))[0]!);
    assert(info.ok);
    const { version, connectionTableSize } = info.value;
    const text = `IP Virtual Server version ${version} (size=${connectionTableSize})`;
    assert.equal(ipvsadm('-Ln').split('\n')[0], text);
    return text;
  });

  await check('timeouts are set and read', async () => {
    const timeouts = { tcpSeconds: 901, tcpFinSeconds: 121, udpSeconds: 301 };
    socket.request(changeTimeouts(id, timeouts));
    assert.deepEqual(decodeTimeouts(socket.request(getTimeouts(id))[0]!), { ok: true, value: timeouts });
    assert.match(ipvsadm('-L', '--timeout'), /901 121 301/);
  });

  await check('counters are set to zero, of one service and of all', async () => {
    assert.throws(() => socket.request(zeroCounters(id, HEAD)), /ESRCH/);
    socket.request(commandRequest(id, { do: 'addService', service: HEAD }));
    socket.request(zeroCounters(id, HEAD));
    socket.request(zeroCounters(id));
  });

  await check('the servers of a service that is not there are none', async () => {
    assert.deepEqual(socket.request(dumpServers(id, HEAD)), []);
  });

  await check('a dump of more than one datagram comes whole', async () => {
    const servers = Array.from({ length: 1000 }, (_, i) => ({
      address: address(`10.1.${i >> 8}.${i & 255}`),
      port: 80,
      forwarding: 'DR' as const,
      weight: i,
      upperThreshold: 0,
      lowerThreshold: 0,
    }));
    socket.request(commandRequest(id, { do: 'addService', service: HEAD }));
    const adding = servers.map((server) => commandRequest(id, { do: 'addServer', service: HEAD, server }));
    assert(socket.requestMany(adding).every(({ ok }) => ok));
    const dumped = socket.request(dumpServers(id, HEAD)).map((answer) => decodeServer(answer, 4));
    const weights = dumped.map((one) => (one.ok ? one.value?.server.weight : undefined));
    assert.deepEqual(new Set(weights), new Set(servers.map(({ weight }) => weight)));
  });

  await check('a flush leaves nothing', async () => {
    socket.request(commandRequest(id, { do: 'addService', service: HEAD }));
    socket.request(flushAll(id));
    assert.equal(ipvsadm('-Sn').trim(), '');
  });
  socket.close();
}
