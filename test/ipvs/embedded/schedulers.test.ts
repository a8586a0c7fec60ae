// The choice rules against what IPVS does: its documented sequences, its tie-breaks, and properties that hold
// for any weights. test/lab/same-choice.test.ts asks the kernel itself.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Candidate, Opening } from '../../../src/ipvs/embedded/scheduling/scheduler.ts';
import { newScheduler } from '../../../src/ipvs/embedded/scheduling/schedulers.ts';
import { hsiphash } from '../../../src/ipvs/embedded/scheduling/siphash.ts';

type Server = { -readonly [K in keyof Candidate]: Candidate[K] };

function candidates(...weights: number[]): Server[] {
  return weights.map((weight, i) => ({
    fold: 0x0a010015 + i,
    port: 8080,
    weight,
    lastWeight: weight,
    overloaded: false,
    available: true,
    activeConnections: 0,
    inactiveConnections: 0,
  }));
}
function opening(sourceFold = 0x0a00000a, sourcePort = 1025): Opening {
  return { sourceFold, sourcePort, destinationFold: 0x0a000064, destination: 0x0a000064, nowSeconds: 0 };
}
function make(name: string, servers: Server[], flags = 0) {
  const scheduler = newScheduler({ name, flags, random: () => 0 }, servers)!;
  return (from: Opening = opening()) => {
    const chosen = scheduler.choose(servers, from);
    return chosen ? 'ABCDEFGH'[servers.indexOf(chosen)]! : '-';
  };
}
/** Letters of the servers chosen, `-` for none; chosen servers keep an active connection each. */
function sequence(name: string, servers: Server[], length: number): string {
  const choose = make(name, servers);
  return Array.from({ length }, () => {
    const letter = choose();
    if (letter !== '-') servers['ABCDEFGH'.indexOf(letter)]!.activeConnections++;
    return letter;
  }).join('');
}

test('rr takes turns and passes over the quiesced and the overloaded', () => {
  expect(sequence('rr', candidates(1, 1, 1), 7)).toBe('ABCABCA');
  expect(sequence('rr', candidates(1, 0, 5), 4)).toBe('ACAC');
  const servers = candidates(1, 1, 1);
  servers[0]!.overloaded = true;
  expect(sequence('rr', servers, 4)).toBe('BCBC');
  expect(sequence('rr', candidates(0, 0), 2)).toBe('--');
  expect(sequence('rr', [], 1)).toBe('-');
});

test('wrr interleaves as the documentation of LVS says: A4 B3 C2 = AABABCABC', () => {
  expect(sequence('wrr', candidates(4, 3, 2), 18)).toBe('AABABCABCAABABCABC');
  expect(sequence('wrr', candidates(2, 2), 4)).toBe('ABAB');
  // The greatest common divisor is the step: 100 and 50 are 2 and 1.
  expect(sequence('wrr', candidates(100, 50), 6)).toBe('AABAAB');
  expect(sequence('wrr', candidates(3, 0, 1), 4)).toBe('AAAC');
  expect(sequence('wrr', candidates(0, 0), 1)).toBe('-');
});

test('wrr with every server overloaded ends, and goes on when one is back', () => {
  const servers = candidates(5, 3);
  for (const server of servers) server.overloaded = true;
  const choose = make('wrr', servers);
  for (let i = 0; i < 3; i++) expect(choose()).toBe('-');
  servers[1]!.overloaded = false;
  for (let i = 0; i < 3; i++) expect(choose()).toBe('B');
});

test('lc counts an active connection as 256 inactive ones; the first of equals is taken', () => {
  const servers = candidates(1, 1, 1);
  servers[0]!.activeConnections = 1;
  servers[1]!.inactiveConnections = 255;
  servers[2]!.inactiveConnections = 256;
  expect(make('lc', servers)()).toBe('B');
  servers[1]!.inactiveConnections = 256;
  expect(make('lc', servers)()).toBe('A');
  expect(sequence('lc', candidates(1, 9, 0), 4)).toBe('ABAB');
});

test('wlc weighs: connections settle in proportion to the weights', () => {
  expect(sequence('wlc', candidates(1, 3), 8)).toBe('ABBBABBB');
  expect(sequence('wlc', candidates(0, 1), 2)).toBe('BB');
});

test('sed reckons with the connection that comes, nq takes an idle server first', () => {
  expect(sequence('sed', candidates(1, 3), 5)).toBe('BBABB');
  expect(sequence('nq', candidates(1, 3), 7)).toBe('ABBBBBA');
});

test('fo takes the largest weight, ovf only until it has more connections than weight', () => {
  expect(sequence('fo', candidates(1, 3, 3), 3)).toBe('BBB');
  expect(sequence('ovf', candidates(1, 2), 6)).toBe('BBBAA-');
});

test('twos draws two by weight and takes the one with less to do', () => {
  const servers = candidates(1, 1, 2);
  const draws = [1, 4, 4, 2, 3, 3];
  const scheduler = newScheduler({ name: 'twos', flags: 0, random: () => draws.shift()! }, servers)!;
  servers[0]!.activeConnections = 1;
  const chosen = () => servers.indexOf(scheduler.choose(servers, opening()) as Server);
  expect([chosen(), chosen(), chosen()]).toEqual([2, 2, 2]);
  servers[2]!.activeConnections = 5;
  draws.push(3, 2);
  expect(chosen()).toBe(1);
});

test('sh and mh keep a client with its server; another port is another client only when asked', () => {
  for (const name of ['sh', 'mh']) {
    const seen = (flags: number) => {
      const choose = make(name, candidates(1, 1, 1), flags);
      return new Set(Array.from({ length: 100 }, (_, i) => choose(opening(0x0a00000a, 1000 + i)))).size;
    };
    expect([name, seen(0), seen(0x10)]).toEqual([name, 1, 3]);
  }
});

test.each(['sh', 'mh'])('%s: without fallback a client of a quiesced server is refused', (name) => {
  const servers = candidates(1, 1);
  const clients = Array.from({ length: 50 }, (_, i) => opening(0x0a000000 + i * 7));
  const before = clients.map(make(name, servers));
  expect(new Set(before).size).toBe(2);
  servers[0]!.weight = 0;
  expect(clients.map(make(name, servers))).toEqual(before.map((letter) => (letter === 'A' ? '-' : 'B')));
  expect(new Set(clients.map(make(name, servers, 0x8)))).toEqual(new Set(['B']));
});

test('lblc moves an address only when its server has too much and another one little', () => {
  const servers = candidates(2, 2);
  const choose = make('lblc', servers);
  expect(choose()).toBe('A');
  servers[0]!.activeConnections = 2;
  expect(choose()).toBe('A');
  servers[0]!.activeConnections = 3;
  servers[1]!.activeConnections = 1;
  expect(choose()).toBe('A');
  servers[1]!.activeConnections = 0;
  expect(choose()).toBe('B');
  servers[0]!.activeConnections = 0;
  expect(choose()).toBe('B');
});

test('lblcr grows a set of servers for an address, and shrinks it after a day', () => {
  const servers = candidates(2, 2);
  const choose = make('lblcr', servers);
  expect(choose()).toBe('A');
  servers[0]!.activeConnections = 3;
  expect(choose()).toBe('B');
  servers[1]!.activeConnections = 4;
  expect(choose()).toBe('A');
  servers[1]!.activeConnections = 0;
  expect(choose({ ...opening(), nowSeconds: 24 * 3600 + 1 })).toBe('B');
  servers[0]!.activeConnections = 0;
  servers[1]!.activeConnections = 1;
  expect(choose({ ...opening(), nowSeconds: 24 * 3600 + 2 })).toBe('B');
});

test('hsiphash is SipHash-1-3 by another way of reckoning', () => {
  const mask = 2n ** 64n - 1n;
  const rotate = (value: bigint, bits: bigint) => ((value << bits) | (value >> (64n - bits))) & mask;
  const slow = (word: number, key: bigint) => {
    const letters = Buffer.from('somepseudorandomlygeneratedbytes');
    let [a, b, c, d] = [0, 8, 16, 24].map((at) => letters.readBigUInt64BE(at) ^ key) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    const round = () => {
      a = (a + b) & mask;
      c = (c + d) & mask;
      [b, d] = [rotate(b, 13n) ^ a, rotate(d, 16n) ^ c];
      a = rotate(a, 32n);
      c = (c + b) & mask;
      a = (a + d) & mask;
      [b, d] = [rotate(b, 17n) ^ c, rotate(d, 21n) ^ a];
      c = rotate(c, 32n);
    };
    const block = (4n << 56n) | BigInt(word);
    d ^= block;
    round();
    a ^= block;
    c ^= 0xffn;
    for (let i = 0; i < 3; i++) round();
    return Number((a ^ b ^ c ^ d) & 0xffffffffn);
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.integer({ min: 0, max: 0xffffffff }),
      (word, key) => {
        expect(hsiphash(word, key)).toBe(slow(word, BigInt(key)));
      },
    ),
  );
});

const weights = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 });
test('whatever the weights: wrr gives each server exactly its share of a round, wlc is never one off', () => {
  fc.assert(
    fc.property(weights, (chosen) => {
      const round = chosen.reduce((sum, weight) => sum + weight, 0);
      fc.pre(round > 0);
      const counts = (text: string) => chosen.map((_, i) => text.split('ABCDEFGH'[i]!).length - 1);
      expect(counts(sequence('wrr', candidates(...chosen), round))).toEqual(chosen);
      const least = counts(sequence('wlc', candidates(...chosen), round));
      least.forEach((count, i) => {
        expect(Math.abs(count - chosen[i]!)).toBeLessThanOrEqual(1);
      });
    }),
  );
});
