// IPv6 addresses as numbers: against a Map that does the same slowly, and what connections, templates and
// entries of the peer leave of them when they are gone: nothing.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import { PROTOCOL } from '../../../src/core/ip-header.ts';
import { Addresses } from '../../../src/ipvs/embedded/addresses.ts';
import { IPV6_FLOW } from '../../../src/ipvs/embedded/frame.ts';
import { Sessions } from '../../../src/ipvs/embedded/sessions.ts';
import { showConnections } from '../../../src/ipvs/embedded/shown.ts';
import { adoptConnection, describeConnection } from '../../../src/ipvs/embedded/synced.ts';
import { head, NO_PAYLOAD, server } from './world.ts';

const CAPACITY = 12;
const TCP6 = PROTOCOL.tcp | IPV6_FLOW;
const VIP = address('2001:db8::100');
const REAL = address('2001:db8:1::21');

type Act = { do: 'intern' | 'release' | 'makeRoom'; last: number };
const act: fc.Arbitrary<Act> = fc.record({
  do: fc.constantFrom('intern' as const, 'intern' as const, 'release' as const, 'makeRoom' as const),
  last: fc.nat(2 * CAPACITY),
});
/** Alike but for one word in turn. */
const bytesOf = (last: number) =>
  new Uint8Array(20).fill(0xfe).fill(last, 2 + (last % 4) * 4, 4 + (last % 4) * 4);

describe('numbers', () => {
  test('one for each address while somebody uses it, whatever is interned and released', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), fc.integer(), (history, seed) => {
        const addresses = new Addresses({ capacity: CAPACITY, seed });
        const model = new Map<number, { number: number; uses: number }>();
        for (const { do: what, last } of history) {
          const known = model.get(last);
          if (what === 'makeRoom') addresses.makeRoom();
          if (what === 'release' && known) {
            addresses.release(known.number);
            if (--known.uses === 0) model.delete(last);
          }
          if (what !== 'intern') continue;
          const number = addresses.intern(bytesOf(last), 2);
          expect(number === 0).toBe(!known && model.size === CAPACITY);
          if (known) expect(number).toBe(known.number);
          if (known) known.uses++;
          else if (number !== 0) model.set(last, { number, uses: 1 });
        }
        expect(addresses.count).toBe(model.size);
        expect(new Set([...model.values()].map(({ number }) => number)).size).toBe(model.size);
        for (let last = 0; last <= 2 * CAPACITY; last++) {
          const number = model.get(last)?.number ?? 0;
          expect(addresses.find(bytesOf(last), 2)).toBe(number);
          if (number !== 0) expect(addresses.bytes(number)).toEqual(bytesOf(last).subarray(2, 18));
        }
      }),
    );
  });

  test('as many as there is room for are found again after the buckets have become more', () => {
    const addresses = new Addresses({ capacity: 20_000, seed: 7 });
    const bytes = Buffer.alloc(16);
    const numbers = Array.from({ length: 20_000 }, (_, i) => {
      bytes.writeUInt32BE(i, 12);
      return addresses.intern(bytes, 0);
    });
    addresses.makeRoom();
    for (const [i, number] of numbers.entries()) {
      bytes.writeUInt32BE(i, 12);
      expect(addresses.find(bytes, 0)).toBe(number);
    }
    for (const number of numbers) addresses.release(number);
    expect(addresses.count).toBe(0);
  });

  test('networks, folds and sums are those of the bytes', () => {
    const prefix = fc.integer({ min: 0, max: 128 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), prefix, (bytes, length) => {
        const addresses = new Addresses({ capacity: 4, seed: 1 });
        const number = addresses.intern(bytes, 0);
        expect(addresses.findNetwork(number, length) !== 0).toBe(
          bytes.every(
            (byte, i) => (byte & ~(0xff00 >> Math.min(Math.max(length - 8 * i, 0), 8)) & 0xff) === 0,
          ),
        );
        const network = addresses.internNetwork(number, length);
        const bits = (of: number) =>
          [...addresses.bytes(of)].map((b) => b.toString(2).padStart(8, '0')).join('');
        expect(bits(network)).toBe(bits(number).slice(0, length).padEnd(128, '0'));
        expect(addresses.sharePrefix(number, network, length)).toBe(true);
        const words = Array.from({ length: 8 }, (_, i) => Buffer.from(bytes).readUInt16BE(2 * i));
        expect(addresses.sum(number)).toBe(words.reduce((sum, word) => sum + word, 0));
        const quarters = Array.from({ length: 4 }, (_, i) => Buffer.from(bytes).readInt32BE(4 * i));
        expect(addresses.fold(number)).toBe(quarters.reduce((fold, word) => fold ^ word, 0));
      }),
    );
  });
});

function sessions(extra: Parameters<typeof head>[0] = {}): Sessions {
  const of = new Sessions({ capacity: 100, seed: 5 });
  const service = head({ address: VIP, persistencePrefix: 128, ...extra });
  expect(of.services.apply({ do: 'addService', service })).toBeUndefined();
  const one = server(0, { address: REAL });
  expect(of.services.apply({ do: 'addServer', service, server: one })).toBeUndefined();
  return of;
}

function open(of: Sessions, client: string, port: number): number {
  const source = of.addresses.keep(address(client));
  const virtual = of.addresses.keep(VIP);
  const service = of.services.find(TCP6, virtual, 80)!;
  const to = { destination: virtual, destinationPort: 80, ...NO_PAYLOAD };
  const at = of.beginnings.open(service, { flow: TCP6, source, sourcePort: port, ...to, mark: 0 });
  of.addresses.release(source);
  of.addresses.release(virtual);
  return at;
}

const shown = (of: Sessions) =>
  showConnections(of.connections, 0).connections.map(
    ({ protocol, client, clientPort, virtual, destination, state }) =>
      `${protocol} ${client} ${clientPort} ${virtual} ${destination} ${state}`,
  );

describe('connections over IPv6', () => {
  test('use their addresses as long as they live', () => {
    const of = sessions();
    const before = of.addresses.count;
    open(of, '2001:db8:9::1', 1025);
    open(of, '2001:db8:9::1', 1026);
    expect(of.addresses.count).toBe(before + 1);
    expect(shown(of)[0]).toBe('TCP 2001:db8:9::1 1025 2001:db8::100 2001:db8:1::21 NONE');
    while (!of.advance(1000));
    expect([of.connections.count, of.addresses.count]).toEqual([0, before]);
  });

  test('clients are grouped by the prefix that a persistent service has', () => {
    const of = sessions({ persistenceSeconds: 60, persistencePrefix: 64 });
    open(of, '2001:db8:9::1', 1025);
    open(of, '2001:db8:9::2', 1025);
    open(of, '2001:db8:9:1::2', 1025);
    expect(shown(of).filter((line) => line.includes(' 0 '))).toEqual([
      'TCP 2001:db8:9:: 0 2001:db8::100 2001:db8:1::21 NONE',
      'TCP 2001:db8:9:1:: 0 2001:db8::100 2001:db8:1::21 NONE',
    ]);
    while (!of.advance(1000));
    while (!of.advance(2000));
    expect([of.connections.count, of.addresses.count]).toEqual([0, 2]);
  });

  test('are told to the peer, who knows the same ones then', () => {
    const [one, other] = [sessions(), sessions()];
    const at = open(one, '2001:db8:9::1', 1025);
    one.input(at, 2, 60);
    one.input(at, 0x10, 60);
    const entry = describeConnection(one, one.changes.take());
    expect(entry).toMatchObject({ family: 6, protocol: 6, clientPort: 1025, state: 1 });
    expect(adoptConnection(other, entry)).toBe('created');
    expect(adoptConnection(other, entry)).toBe('updated');
    expect(shown(other)).toEqual(['TCP 2001:db8:9::1 1025 2001:db8::100 2001:db8:1::21 ESTABLISHED']);
    while (!other.advance(5000));
    expect([other.connections.count, other.addresses.count]).toEqual([0, 2]);
  });

  test('the table is read back as it was written, and a service that goes leaves nothing', () => {
    const of = sessions();
    const table = of.services.readTable();
    expect([...table.keys()]).toEqual(['TCP [2001:db8::100]:80']);
    expect([...[...table.values()][0]!.servers.keys()]).toEqual(['[2001:db8:1::21]:8080']);
    const service = head({ address: VIP, persistencePrefix: 128 });
    of.services.apply({ do: 'delService', service, key: 'TCP [2001:db8::100]:80' });
    expect(of.addresses.count).toBe(0);
  });
});
