// A packet of a known connection allocates nothing, whatever its family and forwarding method: among many
// thousands the heap does not grow by a byte for each.
import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import { VERDICT } from '../../../src/ipvs/embedded/drops.ts';
import { HEADROOM } from '../../../src/ipvs/embedded/outbox.ts';
import type { Server, ServiceHead } from '../../../src/ipvs/model.ts';
import { frame, type Segment, VIRTUAL_MAC, VNET } from './frames.ts';
import { CLIENT, head, server, VIP } from './world.ts';
import { CLIENT6, head6, server6, VIP6, VIRTUAL_MAC6, World6 } from './world6.ts';

const PACKETS = 20_000;
/** Until the code is compiled for good V8 allocates for itself; what a packet allocates it always does. */
const ROUNDS = 20;
/** The smallest thing that V8 can allocate, a number in a box, takes 12. */
const BYTES_PER_PACKET = 1;

const PORT = { NAT: 53, DR: 54, TUN: 55 } as const;
const SERVER_PORT = 5300;
/** Of no service; as large as a number that V8 would box were it unsigned. */
const MARK = 0xf0000007 | 0;

/** A service of each method and family, told apart by their ports. */
function world(): World6 {
  const services = Object.entries(PORT).flatMap(([method, port]): [ServiceHead, readonly Server[]][] => {
    const forwarding = method as keyof typeof PORT;
    const there = { forwarding, port: forwarding === 'NAT' ? SERVER_PORT : port };
    const service = { protocol: 'UDP', port } as const;
    return [
      [head(service), [server(21, there)]],
      [head6(service), [server6(21, there)]],
    ];
  });
  return new World6(services).own().meet('10.1.0.21', '2001:db8:1::21', CLIENT, CLIENT6);
}

/** Bytes for each packet: the same frame again and again, written anew each time as a socket would. */
function heapGrowth({ engine }: World6, on: string, segment: Segment): number {
  const slot = engine.links.list.findIndex(({ name }) => name === on);
  const bytes = frame(segment);
  const roomy = Buffer.concat([Buffer.alloc(HEADROOM), bytes]);
  const receive = (count: number) => {
    for (let i = 0; i < count; i++) {
      roomy.set(bytes, HEADROOM);
      engine.ahead.add(roomy, HEADROOM + VNET);
      engine.ahead.bring(roomy);
      const verdict = engine.receive(slot, roomy, HEADROOM + VNET, bytes.length - VNET, MARK);
      if (verdict <= VERDICT.taken) throw new Error(JSON.stringify(engine.drops.read()));
    }
  };
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && least >= BYTES_PER_PACKET; round++) {
    const before = getHeapStatistics().used_heap_size;
    receive(PACKETS);
    const grown = getHeapStatistics().used_heap_size - before;
    // Less than before: it was collected meanwhile, which says nothing.
    if (grown >= 0) least = Math.min(least, grown / PACKETS);
  }
  return least;
}

test.each([
  ['IPv4', 4],
  ['IPv6', 6],
] as const)('over %s', (_, family) => {
  const there = world();
  const [from, to] = family === 4 ? [CLIENT, VIP] : [CLIENT6, VIP6];
  const destinationMac = family === 4 ? VIRTUAL_MAC : VIRTUAL_MAC6;
  const common = { protocol: 'UDP', destinationMac, payload: Buffer.alloc(64) } as const;
  for (const toPort of Object.values(PORT)) {
    const grown = heapGrowth(there, 'outer', { ...common, from, fromPort: 2000, to, toPort });
    expect(grown, `to port ${toPort}`).toBeLessThan(BYTES_PER_PACKET);
  }
  const answer = {
    ...common,
    from: address(family === 4 ? '10.1.0.21' : '2001:db8:1::21'),
    fromPort: SERVER_PORT,
    to: from,
    toPort: 2000,
  };
  expect(heapGrowth(there, 'inner', answer), 'a reply').toBeLessThan(BYTES_PER_PACKET);
});
