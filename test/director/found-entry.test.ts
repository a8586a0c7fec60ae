// What the kernel's table shows of a connection becomes what its master would tell of it: lines of a 6.1
// kernel.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { foundEntry } from '../../src/director/found-entry.ts';
import { parseConnectionLine } from '../../src/ipvs/kernel/connection-lines.ts';
import { type Forwarding, type Selector, type Service, serverKey, serviceKey } from '../../src/ipvs/model.ts';
import { FLAG } from '../../src/sync/entry.ts';

const VIP = address('10.0.0.100');
const SERVER = address('10.1.0.11');
function service(selector: Selector, port: number, forwarding: Forwarding, persistenceSeconds = 0): Service {
  const server = {
    address: SERVER,
    port,
    forwarding,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  } as const;
  return {
    ...selector,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistenceSeconds,
    persistencePrefix: 32,
    onePacket: false,
    servers: new Map([[serverKey(server), server as never]]),
  };
}
const services = new Map(
  [
    service({ protocol: 'TCP', address: VIP, port: 80 }, 8080, 'NAT'),
    service({ protocol: 'TCP', address: VIP, port: 81 }, 80, 'DR', 300),
    service({ protocol: 'UDP', address: VIP, port: 53 }, 53, 'TUN'),
    service({ mark: 7, family: 4 }, 0, 'DR', 45),
  ].map((each) => [serviceKey(each), each]),
);
const found = (line: string) => {
  const shown = parseConnectionLine(line);
  return shown && foundEntry(shown, services);
};
const COMMON = { family: 4, client: 0x0a00000a, virtual: 0x0a000064, server: 0x0a01000b };

test('an established connection is active, one that ends is not', () => {
  const line = (state: string) => `TCP 0A00000A 8A7E 0A000064 0050 0A01000B 1F90 ${state} 871`;
  const own = { ...COMMON, protocol: 6, clientPort: 0x8a7e, virtualPort: 80, serverPort: 8080, fwmark: 0 };
  expect(found(line('ESTABLISHED'))).toEqual({ ...own, state: 1, flags: 0, timeoutSeconds: 871 });
  expect(found(line('CLOSE_WAIT'))).toEqual({ ...own, state: 7, flags: FLAG.inactive, timeoutSeconds: 871 });
});

test('a connection that is being opened is tried again: nobody is told', () => {
  expect(found('TCP 0A00000A 8A7E 0A000064 0050 0A01000B 1F90 SYN_RECV 59')).toBeUndefined();
});

test('a template lives as long as its service says, and has its method', () => {
  const entry = found('TCP 0A00000A 0000 0A000064 0051 0A01000B 0050 ASSURED 12');
  const flags = FLAG.direct | FLAG.template | FLAG.inactive;
  expect(entry).toMatchObject({ state: 1, flags, timeoutSeconds: 300, clientPort: 0, virtualPort: 81 });
});

test('UDP is never active', () => {
  const entry = found('UDP 0A00000A 1234 0A000064 0035 0A01000B 0035 UDP 200');
  expect(entry).toMatchObject({
    protocol: 17,
    state: 0,
    flags: FLAG.tunnel | FLAG.inactive,
    timeoutSeconds: 200,
  });
});

test('a mark: its template names it, its connections are known by the server', () => {
  const template = found('IP 0A00000A 0000 00000007 0000 0A01000B 0000 NONE 40');
  expect(template).toMatchObject({ protocol: 0, fwmark: 7, virtual: 7, timeoutSeconds: 45 });
  const connection = found('TCP 0A00000A D672 0A000064 1F40 0A01000B 1F40 ESTABLISHED 890');
  expect(connection).toMatchObject({ fwmark: 7, flags: FLAG.direct, virtualPort: 8000 });
});

test('what no service of ours explains is left out', () => {
  expect(found('UDP 0A00000A 1234 0A000064 0036 0A020202 0036 UDP 200')).toBeUndefined();
  expect(found('TCP 0A00000A 8A7E 0A000064 0050 0A020202 1F90 ESTABLISHED 871')).toBeUndefined();
});
