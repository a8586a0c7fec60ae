// Fills the engine's table with a million connections and prints one JSON line of what that took.
import { address } from '../../src/core/address.ts';
import { PROTOCOL } from '../../src/ipvs/embedded/frame.ts';
import { Sessions } from '../../src/ipvs/embedded/sessions.ts';
import type { Measured } from './connections.ts';

const CONNECTIONS = 1_000_000;
const FEW = 1000;
const FINDS = 2_000_000;
const VIRTUAL = 0x0a000064;
const PORT = 80;

function filled(count: number): { sessions: Sessions; addNs: number } {
  const sessions = new Sessions({ capacity: CONNECTIONS, seed: 0x1234567 });
  const service = {
    protocol: 'TCP',
    address: address('10.0.0.100'),
    port: PORT,
    scheduler: 'wlc',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: 32,
    onePacket: false,
  } as const;
  const limits = { forwarding: 'NAT', weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const;
  sessions.services.apply({ do: 'addService', service });
  for (let i = 0; i < 4; i++) {
    const server = { address: address(`10.1.0.${21 + i}`), port: 8080, ...limits };
    sessions.services.apply({ do: 'addServer', service, server });
  }
  const record = sessions.services.find(PROTOCOL.tcp, VIRTUAL, PORT)!;
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    sessions.open(record, clientOf(i), portOf(i), VIRTUAL, PORT);
    // The table grows with time, not with a packet.
    if (i % 10_000 === 0) sessions.advance(1);
  }
  return { sessions, addNs: ((performance.now() - started) * 1e6) / count };
}

/** 65,536 clients with ports of their own. */
const clientOf = (i: number) => 0x14000000 + (i & 0xffff);
const portOf = (i: number) => 1024 + (i >>> 16);

function findNs(sessions: Sessions, count: number): number {
  let found = 0;
  const started = performance.now();
  for (let n = 0, i = 0; n < FINDS; n++) {
    i = (i + 7_919) % count;
    if (sessions.connections.find(PROTOCOL.tcp, clientOf(i), portOf(i), VIRTUAL, PORT, 0) !== 0) found++;
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
