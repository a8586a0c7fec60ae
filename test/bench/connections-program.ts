// Fills the engine's table with a million connections and prints one JSON line of what that took. With `6` as
// its argument they are IPv6's, and each lookup begins with the packet's addresses.

import { address, addressBytes } from '../../src/core/address.ts';
import { PROTOCOL } from '../../src/core/ip-header.ts';
import { flowOf } from '../../src/ipvs/embedded/frame.ts';
import { Sessions } from '../../src/ipvs/embedded/sessions.ts';
import type { Measured } from './connections.ts';

const CONNECTIONS = 1_000_000;
const FEW = 1000;
const FINDS = 2_000_000;
const FAMILY = process.argv[2] === '6' ? 6 : 4;
const FLOW = flowOf(PROTOCOL.tcp, FAMILY);
const VIP = address(FAMILY === 4 ? '10.0.0.100' : '2001:db8::100');
const serverOf = (i: number) => address(FAMILY === 4 ? `10.1.0.${21 + i}` : `2001:db8:1::${21 + i}`);
const packet = Buffer.from(addressBytes(address('2001:db8:20::')));
const PORT = 80;

function filled(count: number): { sessions: Sessions; addNs: number } {
  const sessions = new Sessions({ capacity: CONNECTIONS, seed: 0x1234567 });
  const service = {
    protocol: 'TCP',
    address: VIP,
    port: PORT,
    scheduler: 'wlc',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: FAMILY === 4 ? 32 : 128,
    onePacket: false,
  } as const;
  const limits = { forwarding: 'NAT', weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const;
  sessions.services.apply({ do: 'addService', service });
  for (let i = 0; i < 4; i++) {
    const server = { address: serverOf(i), port: 8080, ...limits };
    sessions.services.apply({ do: 'addServer', service, server });
  }
  const { addresses } = sessions;
  const virtual = addresses.keep(VIP);
  const record = sessions.services.find(FLOW, virtual, PORT)!;
  const opening = {
    flow: FLOW,
    source: 0,
    sourcePort: 0,
    destination: virtual,
    destinationPort: PORT,
    mark: 0,
    bytes: new Uint8Array(0),
    payload: 0,
    end: 0,
  };
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const client = FAMILY === 4 ? clientOf(i) : addresses.intern(read(i), 0);
    opening.source = client;
    opening.sourcePort = portOf(i);
    sessions.beginnings.open(record, opening);
    addresses.letGo(client, FAMILY);
    // The table grows with time, not with a packet.
    if (i % 10_000 === 0) sessions.advance(1);
  }
  return { sessions, addNs: ((performance.now() - started) * 1e6) / count };
}

/** 65,536 clients with ports of their own. */
const clientOf = (i: number) => 0x14000000 + (i & 0xffff);
/** An IPv6 client's address, as in a packet. */
function read(i: number): Buffer {
  packet.writeUInt32BE(clientOf(i), 12);
  return packet;
}
const portOf = (i: number) => 1024 + (i >>> 16);

function findNs(sessions: Sessions, count: number): number {
  const { addresses, connections } = sessions;
  const virtual = addresses.keep(VIP);
  let found = 0;
  const started = performance.now();
  for (let n = 0, i = 0; n < FINDS; n++) {
    i = (i + 7_919) % count;
    const client = FAMILY === 4 ? clientOf(i) : addresses.find(read(i), 0);
    if (connections.find(FLOW, client, portOf(i), virtual, PORT, 0) !== 0) found++;
  }
  if (found !== FINDS) throw new Error(`${FINDS - found} were not found`);
  return ((performance.now() - started) * 1e6) / FINDS;
}

const few = findNs(filled(FEW).sessions, FEW);
const { sessions, addNs } = filled(CONNECTIONS);
const found = findNs(sessions, CONNECTIONS);
const residentMb = process.memoryUsage.rss() / 1e6;
let longestEndMs = 0;
for (let isOver = false; !isOver; ) {
  const started = performance.now();
  isOver = sessions.advance(100_000);
  longestEndMs = Math.max(longestEndMs, performance.now() - started);
}
const measured: Measured = {
  residentMb,
  addNs,
  findNs: found,
  findFewNs: few,
  longestEndMs,
  left: sessions.connections.count,
};
console.log(JSON.stringify(measured));
