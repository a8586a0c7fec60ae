// Two BFD sessions and a wire between them that delays and loses, by seeds.
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/core/time.ts';
import { type ControlPacket, decodeControl, encodeControl } from '../../../src/vrrp/bfd/packet.ts';
import {
  detectionMs,
  NEW_SESSION,
  type Session,
  type SessionEvent,
  type SessionSettings,
  type SessionTimer,
  stepSession,
} from '../../../src/vrrp/bfd/session.ts';

const OWN: SessionSettings = {
  discriminator: 1,
  minTxMs: 10,
  minRxMs: 10,
  idleTxMs: 1000,
  multiplier: 5,
  passive: false,
};

/** Two sessions and the wire between them; everything happens at a time, in order. */
class Pair {
  readonly random;
  readonly sides: { own: SessionSettings; session: Session; deadlines: Map<SessionTimer, number> }[];
  readonly changes: string[] = [];
  readonly sentAtMs: number[][] = [[], []];
  nowMs = 0;
  delayMs = 1;
  /** Whether what this side sends is lost. */
  lost: (from: number) => boolean = () => false;
  #wire: { atMs: number; to: number; bytes: Buffer }[] = [];

  constructor(seed: number, a: Partial<SessionSettings> = {}, b: Partial<SessionSettings> = {}) {
    this.random = seededRandom(seed);
    const side = (own: SessionSettings) => ({ own, session: NEW_SESSION, deadlines: new Map() });
    this.sides = [side({ ...OWN, ...a }), side({ ...OWN, discriminator: 2, ...b })];
    this.feed(0, { type: 'start' });
    this.feed(1, { type: 'start' });
  }

  get states(): string[] {
    return this.sides.map(({ session }) => session.state);
  }

  feed(index: number, event: SessionEvent): void {
    const side = this.sides[index]!;
    const [session, effects] = stepSession(side.session, event, side.own, this.random);
    side.session = session;
    for (const effect of effects) {
      if (effect.do === 'arm') side.deadlines.set(effect.timer, this.nowMs + effect.ms);
      else if (effect.do === 'disarm') side.deadlines.delete(effect.timer);
      else if (effect.do === 'became')
        this.changes.push(`${Math.round(this.nowMs)} ${index} ${effect.state} ${effect.diagnostic}`);
      else this.#send(index, effect.packet);
    }
  }

  runUntil(endMs: number): void {
    for (;;) {
      const [next] = [...this.#due(), ...this.#arriving()].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.nowMs = next.atMs;
      next.happen();
    }
    this.nowMs = endMs;
  }

  #send(from: number, packet: ControlPacket): void {
    this.sentAtMs[from]!.push(this.nowMs);
    const atMs = this.nowMs + this.delayMs;
    if (!this.lost(from)) this.#wire.push({ atMs, to: 1 - from, bytes: encodeControl(packet) });
  }
  #due() {
    return this.sides.flatMap(({ deadlines }, index) =>
      [...deadlines].map(([timer, atMs]) => ({
        atMs,
        happen: () => {
          deadlines.delete(timer);
          this.feed(index, { type: 'expired', timer });
        },
      })),
    );
  }
  #arriving() {
    return this.#wire.map((flight) => ({
      atMs: flight.atMs,
      happen: () => {
        this.#wire = this.#wire.filter((other) => other !== flight);
        const decoded = decodeControl(flight.bytes);
        if (decoded.ok) this.feed(flight.to, { type: 'heard', packet: decoded.packet });
      },
    }));
  }
}

describe('BFD session', () => {
  test('two sides are up after three packets', () => {
    const pair = new Pair(1);
    pair.runUntil(50);
    expect(pair.states).toEqual(['up', 'up']);
    expect(pair.sides.map(({ session }) => session.polling)).toEqual([false, false]);
  });

  test('a side that falls silent is down after the multiplier times the interval', () => {
    const pair = new Pair(2);
    pair.runUntil(500);
    pair.lost = (from) => from === 0;
    const silentFromMs = pair.sentAtMs[0]!.filter((atMs) => atMs <= 500).at(-1)!;
    pair.runUntil(700);
    expect(pair.sides[1]!.session.state).toBe('down');
    const [atMs, , , diagnostic] = pair.changes.find((line) => line.includes(' 1 down '))!.split(' ');
    expect(Number(atMs)).toBe(Math.round(silentFromMs + 1 + 50));
    expect(diagnostic).toBe('1');
    // The other one is told, not left to find out.
    expect(pair.changes.some((line) => line.endsWith(' 0 down 3'))).toBe(true);
    pair.lost = () => false;
    pair.runUntil(3000);
    expect(pair.states).toEqual(['up', 'up']);
  });

  test('the slower of what one sends and the other hears counts', () => {
    const pair = new Pair(3, { minTxMs: 10 }, { minRxMs: 40, minTxMs: 100, multiplier: 3 });
    pair.runUntil(1000);
    pair.sentAtMs[0]!.length = 0;
    pair.runUntil(5000);
    const gaps = pair.sentAtMs[0]!.slice(1).map((atMs, i) => atMs - pair.sentAtMs[0]![i]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(40);
    expect(detectionMs(pair.sides[0]!.session, pair.sides[0]!.own)).toBe(300);
  });

  test('a passive side waits for the other, and two of them for ever', () => {
    const one = new Pair(4, { passive: true });
    one.runUntil(50);
    expect(one.states).toEqual(['up', 'up']);
    const both = new Pair(5, { passive: true }, { passive: true });
    both.runUntil(60_000);
    expect(both.sentAtMs).toEqual([[], []]);
  });

  test('a side that stops says so, and the other is down at once', () => {
    const pair = new Pair(6);
    pair.runUntil(100);
    pair.feed(0, { type: 'stop' });
    pair.runUntil(102);
    expect(pair.states).toEqual(['adminDown', 'down']);
  });

  test('whatever is lost on the way, both are up within three idle intervals of its end', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const pair = new Pair(seed);
      const loss = (seed % 10) / 10;
      pair.lost = () => pair.random() < loss;
      pair.runUntil(2000);
      pair.lost = () => false;
      pair.runUntil(5000);
      expect(pair.states, `seed ${seed}\n${pair.changes.slice(-9).join('\n')}`).toEqual(['up', 'up']);
    }
  });

  test('while not up nobody sends faster than once in three quarters of the idle interval', () => {
    const pair = new Pair(7);
    pair.lost = () => true;
    pair.runUntil(20_000);
    expect(pair.sentAtMs[0]!.length).toBeLessThanOrEqual(20_000 / 750 + 1);
  });
});
