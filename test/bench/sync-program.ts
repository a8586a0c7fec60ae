// One of the two balancers of sync.ts: what a balancer has for its stream, and in place of an engine one that
// has so many connections and takes in whatever comes.
import { setImmediate } from 'node:timers/promises';
import { address } from '../../src/core/address.ts';
import { SyncKeeper } from '../../src/daemon/sync-keeper.ts';
import type { ConnectionExchange, DataPlane, Hear } from '../../src/ipvs/plane.ts';
import { DATAGRAM_MAX, SyncBatch } from '../../src/sync/encode.ts';
import type { SyncEntry } from '../../src/sync/entry.ts';
import { VirtualAddresses } from '../../src/sync/virtual-addresses.ts';
import type { Part, Said } from './sync.ts';

const VIP = { text: '10.0.0.50', number: 0x0a00_0032 };
const PORTS = 16_384;
const DATAGRAMS_AT_ONCE = 32;
const { own, peer, port, key, connections }: Part = JSON.parse(process.argv[2]!);
let hear: Hear | undefined;
const exchange: ConnectionExchange = {
  capacity: 2 ** 20,
  daemons: [],
  tell: async (given) => {
    hear = given;
  },
  push: () => undefined,
  flush: async () => undefined,
  adopt: async () => undefined,
};
const keeper = new SyncKeeper({ engine: 'embedded', connections: exchange } as unknown as DataPlane, {
  say: ({ event, fields }) => {
    const { direction, entries, ms } = fields as { direction?: string; entries: number; ms: number };
    if (event === 'sync.complete' && direction === 'in') say({ does: 'know', entries, ms });
  },
  fail: (error) => {
    throw error;
  },
  tell: () => undefined,
  greeted: () => undefined,
  heed: () => undefined,
});
await keeper.configure({
  listen: { address: address(own), port },
  peer: { address: address(peer), port },
  proof: { by: 'psk', keys: [Buffer.from(key, 'hex')] },
  leastPercent: 0,
});
const ours = VirtualAddresses.these(connections > 0 ? [address(VIP.text)] : []);
await keeper.serveAfter(ours, async () => undefined);
await learn();
say({ does: 'begin' });

function say(words: Said): void {
  process.send!(words);
}

async function learn(): Promise<void> {
  const batch = new SyncBatch({ syncId: 0, maxlen: DATAGRAM_MAX });
  let datagrams = 0;
  for (let number = 0; number < connections; number++) {
    if (batch.add(entryOf(number))) continue;
    hear!.found(batch.take()!);
    batch.add(entryOf(number));
    if (++datagrams % DATAGRAMS_AT_ONCE === 0) await setImmediate();
  }
  const rest = batch.take();
  if (rest !== undefined) hear!.found(rest);
}

function entryOf(number: number): SyncEntry {
  return {
    family: 4,
    protocol: 6,
    flags: 0,
    state: 1,
    client: 0x0b00_0000 + Math.floor(number / PORTS),
    clientPort: 1024 + (number % PORTS),
    virtual: VIP.number,
    virtualPort: 80,
    server: 0x0a01_0015 + (number % 3),
    serverPort: 80,
    fwmark: 0,
    timeoutSeconds: 900,
  };
}
