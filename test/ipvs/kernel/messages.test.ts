// Requests and answers of the IPVS family: every field goes out and comes back, and damaged answers end in a
// reason.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import {
  decodeDaemon,
  decodeInfo,
  decodeServer,
  decodeService,
  decodeTimeouts,
} from '../../../src/ipvs/kernel/answers.ts';
import { CMD, COMMAND, INFO } from '../../../src/ipvs/kernel/attributes.ts';
import {
  changeTimeouts,
  commandRequest,
  dumpServers,
  dumpServices,
  getInfo,
  zeroCounters,
} from '../../../src/ipvs/kernel/requests.ts';
import type { Server, ServiceHead, SyncDaemon, Tunnel } from '../../../src/ipvs/model.ts';
import type { ValuesOf } from '../../../src/netlink/attributes.ts';
import { decodeGeneric, encodeGeneric } from '../../../src/netlink/generic.ts';
import { type Message, NLM_F } from '../../../src/netlink/message.ts';

const FAMILY = 0x21;
const answer = (payload: Buffer): Message => ({ type: FAMILY, flags: 2, sequence: 1, port: 0, payload });
const answered = (command: number, values: ValuesOf<typeof COMMAND>): Message =>
  answer(encodeGeneric({ command, version: 1 }, COMMAND, values));

const heads = fc
  .record({
    by: fc.oneof(
      fc.record({ protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'), port: fc.nat(0xffff) }),
      fc.record({ mark: fc.integer({ min: 1, max: 0xffffffff }) }),
    ),
    six: fc.boolean(),
    scheduler: fc.constantFrom('rr', 'wlc', 'mh', 'lblcr'),
    schedulerFlags: fc.constantFrom(0, 0x8, 0x10, 0x20, 0x38),
    persistenceSeconds: fc.constantFrom(0, 1, 300),
    prefix: fc.integer({ min: 1, max: 128 }),
    onePacket: fc.boolean(),
    engine: fc.constantFrom({}, { persistenceEngine: 'sip' }),
  })
  .map(
    ({ by, six, prefix, engine, ...rest }): ServiceHead => ({
      ...rest,
      ...('mark' in by
        ? { ...by, family: six ? 6 : 4 }
        : { ...by, address: address(six ? '2001:db8::100' : '192.0.2.100') }),
      persistencePrefix: six ? prefix : ((prefix - 1) % 32) + 1,
      ...engine,
    }),
  );
const tunnels: fc.Arbitrary<Tunnel> = fc.oneof(
  fc.record({ type: fc.constant('gre' as const), checksum: fc.constantFrom('none', 'csum') }),
  fc.record({
    type: fc.constant('gue' as const),
    port: fc.integer({ min: 1, max: 0xffff }),
    checksum: fc.constantFrom('none', 'csum', 'remcsum'),
  }),
);
const forwardings: fc.Arbitrary<Pick<Server, 'forwarding' | 'tunnel'>> = fc.oneof(
  fc.record({ forwarding: fc.constantFrom('NAT', 'DR', 'TUN') }),
  fc.record({ forwarding: fc.constant('TUN' as const), tunnel: tunnels }),
);
const servers: fc.Arbitrary<Server> = fc
  .record({
    address: fc.constantFrom(address('10.1.0.21'), address('2001:db8::21')),
    port: fc.nat(0xffff),
    weight: fc.nat(0x7fffffff),
    upperThreshold: fc.nat(0xffffffff),
    lowerThreshold: fc.nat(0xffffffff),
  })
  .chain((rest) => forwardings.map((forwarding) => ({ ...rest, ...forwarding })));
const HEAD: ServiceHead = {
  protocol: 'TCP',
  address: address('10.0.0.100'),
  port: 80,
  scheduler: 'wlc',
  schedulerFlags: 0,
  persistenceSeconds: 300,
  persistencePrefix: 24,
  onePacket: false,
};
const SERVER: Server = {
  address: address('10.1.0.21'),
  port: 8080,
  forwarding: 'DR',
  weight: 3,
  upperThreshold: 9,
  lowerThreshold: 5,
};

/** The kernel's dumps have the layout of the commands that make what is dumped. */
function valuesOf(payload: Buffer): ValuesOf<typeof COMMAND> {
  const decoded = decodeGeneric(COMMAND, payload);
  if (!decoded.ok) throw new Error(decoded.drop);
  return decoded.value.values;
}

test('a service comes back from its own command', () => {
  fc.assert(
    fc.property(heads, (service) => {
      const { payload } = commandRequest(FAMILY, { do: 'addService', service });
      const decoded = decodeService(answer(payload));
      expect(decoded).toMatchObject({ ok: true, value: { head: service } });
    }),
  );
});

test('a server comes back from its own command', () => {
  fc.assert(
    fc.property(heads, servers, (service, server) => {
      const { payload } = commandRequest(FAMILY, { do: 'addServer', service, server });
      expect(decodeServer(answer(payload), 4)).toMatchObject({ ok: true, value: { server } });
    }),
  );
});

test('a sync thread comes back from its own command', () => {
  const daemons: fc.Arbitrary<SyncDaemon> = fc.record(
    {
      role: fc.constantFrom('master', 'backup'),
      interface: fc.constantFrom('eth0', 'bond0.100'),
      id: fc.nat(255),
      maxlen: fc.nat(0xffff),
      port: fc.nat(0xffff),
      ttl: fc.nat(255),
      group: fc.constantFrom(address('224.0.0.81'), address('ff02::88')),
    },
    { requiredKeys: ['role', 'interface', 'id'] },
  );
  fc.assert(
    fc.property(daemons, (daemon) => {
      const { payload } = commandRequest(FAMILY, { do: 'startSync', daemon });
      expect(decodeDaemon(answer(payload))).toEqual({ ok: true, value: daemon });
    }),
  );
});

test('bytes of a command, attribute by attribute', () => {
  const { payload, type, flags } = commandRequest(FAMILY, { do: 'addService', service: HEAD });
  expect({ type, flags }).toEqual({ type: FAMILY, flags: NLM_F.ACK });
  expect(payload.toString('hex')).toBe(
    '01010000' + // NEW_SERVICE, version 1
      '54000180' + // a service of 84 bytes
      '0600010002000000' + // AF_INET
      '0600020006000000' + // TCP
      '140003000a000064000000000000000000000000' + // 10.0.0.100
      '0600040000500000' + // port 80, network order
      '08000600776c6300' + // wlc
      '0c000700010000003d000000' + // persistent; mask of the flags we decide about
      '080008002c010000' + // 300 s
      '08000900ffffff00', // /24
  );
});

test.each([
  ['delService', { do: 'delService', key: '', service: HEAD }, CMD.DEL_SERVICE],
  ['delServer', { do: 'delServer', key: '', service: HEAD, server: SERVER }, CMD.DEL_DEST],
  ['setServer', { do: 'setServer', service: HEAD, server: SERVER }, CMD.SET_DEST],
  ['setService', { do: 'setService', service: HEAD }, CMD.SET_SERVICE],
  ['stopSync', { do: 'stopSync', daemon: { role: 'backup', interface: 'eth0', id: 1 } }, CMD.DEL_DAEMON],
] as const)('%s is command %#', (name, command, number) => {
  const request = commandRequest(FAMILY, command);
  expect(request.payload.readUInt8(0)).toBe(number);
  const { service, destination } = valuesOf(request.payload);
  if (name === 'stopSync') return;
  expect(service?.port, 'identifies its service').toBe(80);
  if (name.endsWith('Server')) expect(destination?.port, 'identifies its server').toBe(8080);
});

test('questions: dumps, one service, one server list, all counters', () => {
  expect(dumpServices(FAMILY).flags).toBe(NLM_F.DUMP);
  expect(valuesOf(dumpServers(FAMILY, HEAD).payload).service).toMatchObject({ port: 80 });
  expect(valuesOf(zeroCounters(FAMILY).payload)).toEqual({});
  expect(valuesOf(zeroCounters(FAMILY, HEAD).payload).service).toMatchObject({ port: 80 });
  expect(getInfo(FAMILY).payload.toString('hex')).toBe('0f010000');
});

test('counters: 64 bits wide where the kernel has them, else 32', () => {
  const service = valuesOf(commandRequest(FAMILY, { do: 'addService', service: HEAD }).payload).service;
  const wide = { connections: 1n << 40n, inPackets: 2n, outPackets: 3n, inBytes: 4n, outBytes: 5n };
  const narrow = { connections: 1, inPackets: 2, outPackets: 3, inBytes: 4n, outBytes: 5n };
  const wideRates = { connectionRate: 6n, inByteRate: 1n << 40n };
  const narrowRates = {
    connectionRate: 6,
    inPacketRate: 7,
    outPacketRate: 8,
    inByteRate: 9,
    outByteRate: 10,
  };
  const stats64 = { ...wide, ...wideRates };
  const both = answered(CMD.NEW_SERVICE, { service: { ...service, stats: narrow, stats64 } });
  const rates = { connections: 6, inPackets: 0, outPackets: 0, inBytes: 2 ** 40, outBytes: 0 };
  expect(decodeService(both)).toMatchObject({ value: { counters: { ...wide, rates } } });
  const stats = { ...narrow, ...narrowRates };
  const old = answered(CMD.NEW_SERVICE, { service: { ...service, stats } });
  const oldRates = { connections: 6, inPackets: 7, outPackets: 8, inBytes: 9, outBytes: 10 };
  const oldCounters = { ...wide, connections: 1n, rates: oldRates };
  expect(decodeService(old)).toMatchObject({ value: { counters: oldCounters } });
  const none = answered(CMD.NEW_SERVICE, { service: { ...service } });
  expect(decodeService(none)).toMatchObject({ value: { counters: { connections: 0n } } });
});

test("somebody else's, in words we do not have, is passed over", () => {
  const { service } = valuesOf(commandRequest(FAMILY, { do: 'addService', service: HEAD }).payload);
  const other = answered(CMD.NEW_SERVICE, { service: { ...service, protocol: 136 } });
  expect(decodeService(other)).toEqual({ ok: true, value: undefined });
  const { payload } = commandRequest(FAMILY, { do: 'addServer', service: HEAD, server: SERVER });
  const { destination } = valuesOf(payload);
  for (const strange of [
    { forward: 4 },
    { forward: 2, tunnelType: 3 },
    { forward: 2, tunnelType: 2, tunnelFlags: 2 },
  ]) {
    const answer = answered(CMD.NEW_DEST, { destination: { ...destination, ...strange } });
    expect(decodeServer(answer, 4), JSON.stringify(strange)).toEqual({ ok: true, value: undefined });
  }
});

test('a server without a family of its own has the one of the service (Linux before 3.18)', () => {
  const { payload } = commandRequest(FAMILY, {
    do: 'addServer',
    service: HEAD,
    server: { ...SERVER, address: address('2001:db8::21') },
  });
  const { family: _, ...destination } = valuesOf(payload).destination!;
  expect(decodeServer(answered(CMD.NEW_DEST, { destination }), 6)).toMatchObject({
    value: { server: { address: '2001:db8::21' } },
  });
});

test('version and timeouts', () => {
  const info = encodeGeneric({ command: CMD.SET_INFO, version: 1 }, INFO, {
    version: 0x010201,
    connectionTableSize: 4096,
  });
  expect(decodeInfo(answer(info))).toEqual({
    ok: true,
    value: { version: '1.2.1', connectionTableSize: 4096 },
  });
  const timeouts = { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 };
  expect(decodeTimeouts(answer(changeTimeouts(FAMILY, timeouts).payload))).toEqual({
    ok: true,
    value: timeouts,
  });
});

test('answers with parts missing or impossible are dropped with a reason', () => {
  const { service } = valuesOf(commandRequest(FAMILY, { do: 'addService', service: HEAD }).payload);
  const { scheduler: _, ...headless } = service!;
  const drop = (given: ValuesOf<typeof COMMAND>) => decodeService(answered(CMD.NEW_SERVICE, given));
  expect(drop({})).toEqual({ ok: false, drop: 'attribute-missing' });
  expect(drop({ service: headless })).toEqual({ ok: false, drop: 'attribute-missing' });
  expect(drop({ service: { ...service, family: 1 } })).toEqual({ ok: false, drop: 'attribute-bad-value' });
  expect(drop({ service: { ...service, netmask: Buffer.alloc(2) } })).toMatchObject({ ok: false });
  expect(decodeService(answered(CMD.NEW_DEST, { service }))).toEqual({ ok: false, drop: 'unexpected-type' });
  expect(decodeDaemon(answered(CMD.NEW_DAEMON, { daemon: { interface: 'a', id: 1 } })).ok).toBe(false);
});

test('no bytes make an answer throw', () => {
  const golden = [
    commandRequest(FAMILY, { do: 'addService', service: HEAD }).payload,
    commandRequest(FAMILY, { do: 'addServer', service: HEAD, server: SERVER }).payload,
    commandRequest(FAMILY, { do: 'startSync', daemon: { role: 'master', interface: 'eth0', id: 1 } }).payload,
  ];
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...golden), changes, fc.nat(), (given, damage, cut) => {
      const payload = Buffer.from(given.subarray(0, cut % (given.length + 1)));
      for (const [at, value] of damage) if (payload.length > 0) payload[at % payload.length] = value;
      const message = answer(payload);
      for (const decode of [decodeService, decodeDaemon, decodeInfo, decodeTimeouts]) {
        expect(typeof decode(message).ok).toBe('boolean');
      }
      expect(typeof decodeServer(message, 4).ok).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});
