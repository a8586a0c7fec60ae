// The connection table against a plain Map that does the same slowly: whatever is added, touched, removed and
// let expire, both know the same connections, from both sides.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConnectionTable } from '../../../src/ipvs/embedded/connections.ts';
import { IPV6_FLOW } from '../../../src/ipvs/embedded/frame.ts';
import { CONNECTION, type Tuple } from '../../../src/ipvs/embedded/tuple.ts';
import { TimerWheel } from '../../../src/ipvs/embedded/wheel.ts';

const CAPACITY = 40;
const rest = {
  clientPort: fc.constantFrom(1, 65_535),
  virtualPort: fc.constantFrom(80, 443),
  serverPort: fc.constantFrom(80, 8080),
  flags: fc.constantFrom<number>(CONNECTION.masquerade, CONNECTION.direct, CONNECTION.template),
};
const ipv4 = fc.record({
  flow: fc.constantFrom(6, 17),
  client: fc.constantFrom(1, -2, 0x7fffffff),
  virtual: fc.constantFrom(-100, 100),
  server: fc.constantFrom(-7, 7),
  serverFamily: fc.constant(4 as const),
  ...rest,
});
/** Numbers that are IPv4 addresses as well: the family is all that tells them apart. */
const ipv6 = fc.record({
  flow: fc.constantFrom(6 | IPV6_FLOW, 17 | IPV6_FLOW),
  client: fc.constantFrom(1, 2),
  virtual: fc.constantFrom(3, 4),
  server: fc.constantFrom(5, 1),
  serverFamily: fc.constantFrom(4 as const, 6 as const),
  ...rest,
});
/** `data`: of the template of a persistence engine; there is one for each text. */
type Known = Tuple & { data: number };
const tuple: fc.Arbitrary<Known> = fc
  .tuple(fc.oneof(ipv4, ipv6), fc.constantFrom(0, 0, 1, 2))
  .map(([of, data]) => {
    const isOfEngine = data !== 0 && of.flags === CONNECTION.template;
    return isOfEngine ? { ...of, clientPort: 0, data } : { ...of, data: 0 };
  });
const TEXTS = ['one', 'two'].map((text) => Buffer.from(text));
const INTERNED = 5;
type Act =
  | { do: 'add'; tuple: Known; seconds: number }
  | { do: 'touch' | 'remove'; pick: number }
  | { do: 'method'; pick: number }
  | { do: 'wait'; seconds: number };
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      tuple,
      seconds: fc.integer({ min: 1, max: 3000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('touch' as const, 'remove' as const),
      pick: fc.nat(CAPACITY),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('method' as const), pick: fc.nat(CAPACITY) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 1500 }) }),
  },
);

const keyOf = (of: Known) =>
  [
    ...[of.flow, of.client, of.clientPort, of.virtual, of.virtualPort],
    ...[of.flags & CONNECTION.template, of.data],
  ].join();
const replyKey = (of: Tuple) => [of.flow, of.server, of.serverPort, of.client, of.clientPort].join();

class Model {
  readonly known = new Map<string, { at: number; of: Known; endsTick: number; seconds: number }>();
  tick = 1;

  pick(index: number) {
    return [...this.known.values()][index];
  }
  wait(seconds: number): void {
    this.tick += seconds;
    for (const [key, entry] of this.known) if (entry.endsTick <= this.tick) this.known.delete(key);
  }
}

function perform(table: ConnectionTable, model: Model, step: Act): void {
  switch (step.do) {
    case 'add': {
      const { tuple: of, seconds } = step;
      if (model.known.has(keyOf(of))) return;
      const at = table.add(of, seconds, of.data);
      expect(at === 0).toBe(model.known.size === CAPACITY);
      if (at !== 0)
        model.known.set(keyOf(of), { at, of: { ...of }, seconds, endsTick: model.tick + seconds });
      return;
    }
    case 'touch': {
      const entry = model.pick(step.pick);
      if (!entry) return;
      table.touch(entry.at);
      entry.endsTick = model.tick + entry.seconds;
      return;
    }
    case 'remove': {
      const entry = model.pick(step.pick);
      if (!entry) return;
      table.remove(entry.at);
      model.known.delete(keyOf(entry.of));
      return;
    }
    case 'method': {
      const entry = model.pick(step.pick);
      if (!entry || (entry.of.flags & CONNECTION.template) !== 0) return;
      entry.of.flags ^= CONNECTION.direct;
      table.setFlags(entry.at, entry.of.flags);
      return;
    }
    case 'wait':
      model.wait(step.seconds);
      while (!table.advance(model.tick, () => {}));
  }
}

function compare(table: ConnectionTable, model: Model): void {
  expect(table.count).toBe(model.known.size);
  const replies = new Map<string, Set<number>>();
  for (const { at, of, endsTick } of model.known.values()) {
    const template = of.flags & CONNECTION.template;
    const found =
      of.data === 0
        ? table.find(of.flow, of.client, of.clientPort, of.virtual, of.virtualPort, template)
        : table.findTemplate(of.flow, of.client, of.virtual, of.virtualPort, of.data);
    expect(found).toBe(at);
    expect(table.secondsLeft(at)).toBe(endsTick - model.tick);
    expect([table.serverFamily(at), table.flags(at)]).toEqual([of.serverFamily, of.flags]);
    if (of.flags !== CONNECTION.masquerade) continue;
    replies.set(replyKey(of), (replies.get(replyKey(of)) ?? new Set()).add(at));
  }
  for (const { of } of model.known.values()) {
    // Two virtual services may have one server: then either connection is an answer.
    const found = table.findReply(of.flow, of.server, of.serverPort, of.client, of.clientPort);
    expect([...(replies.get(replyKey(of)) ?? [0])]).toContain(found);
  }
}

test('the table and a Map agree after any history', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), fc.integer(), (history, seed) => {
      const table = new ConnectionTable({ capacity: CAPACITY, seed });
      const { addresses, persistenceData } = table;
      const numbers = TEXTS.map((text) => persistenceData.intern(text, 0, text.length));
      expect(numbers).toEqual([1, 2]);
      for (let last = 1; last <= INTERNED; last++) addresses.intern(new Uint8Array(16).fill(last), 0);
      const model = new Model();
      for (const step of history) perform(table, model, step);
      compare(table, model);
      model.wait(5000);
      while (!table.advance(model.tick, () => {}));
      expect(table.count).toBe(0);
      for (let number = 1; number <= INTERNED; number++) addresses.release(number);
      expect(addresses.count).toBe(0);
      for (const number of numbers) persistenceData.release(number);
      expect(persistenceData.pieces).toBe(0);
    }),
    { numRuns: 400 },
  );
});

test('a template outlives its connections', () => {
  const table = new ConnectionTable({ capacity: 8, seed: 1 });
  const base = {
    flow: 6,
    client: 1,
    virtual: 2,
    virtualPort: 80,
    server: 3,
    serverFamily: 4 as const,
    serverPort: 80,
  };
  const template = table.add({ ...base, clientPort: 0, flags: CONNECTION.template }, 10);
  const connection = table.add({ ...base, clientPort: 5, flags: 0 }, 100);
  table.setControl(connection, template);
  table.advance(90, () => {});
  expect(table.isUsed(template)).toBe(true);
  table.advance(101, () => {});
  expect([table.isUsed(connection), table.isUsed(template)]).toEqual([false, true]);
  table.advance(151, () => {});
  expect(table.count).toBe(0);
});

test('a crowd that expires at once is taken away in portions', () => {
  const table = new ConnectionTable({ capacity: 10_000, seed: 1 });
  const base = {
    flow: 17,
    virtual: 2,
    virtualPort: 53,
    server: 3,
    serverFamily: 4 as const,
    serverPort: 53,
    flags: 0,
  };
  for (let i = 0; i < 10_000; i++) table.add({ ...base, client: i, clientPort: 1 }, 5);
  expect(table.add({ ...base, client: -1, clientPort: 1 }, 5)).toBe(0);
  table.advance(2, () => {}); // the moment to make room for so many
  for (let i = 0; i < 10_000; i++)
    expect(table.find(17, i, 1, 2, 53, 0)).toBe(table.findReply(17, 3, 53, i, 1));
  expect(table.advance(6, () => {})).toBe(false);
  expect(table.count).toBeGreaterThan(5000);
  expect(table.count).toBeLessThan(10_000);
  while (!table.advance(6, () => {}));
  expect(table.count).toBe(0);
});

test('the wheel gives each entry once, in the slot it was armed for, however far time jumps', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 50 }), (ticks) => {
      const words = new Int32Array(3 * ticks.length + 3);
      const wheel = new TimerWheel(ticks.length, { words, stride: 3, at: 1 });
      for (const [index, tick] of ticks.entries()) wheel.arm(index + 1, tick);
      const seen: number[] = [];
      wheel.advance(300, Number.POSITIVE_INFINITY, (entry) => seen.push(entry));
      expect(seen.every((entry) => ticks[entry - 1]! <= 300)).toBe(true);
      expect(seen).toHaveLength(ticks.filter((tick) => tick <= 300).length);
      wheel.advance(50_000, Number.POSITIVE_INFINITY, (entry) => seen.push(entry));
      expect(seen.sort((a, b) => a - b)).toEqual(ticks.map((_, index) => index + 1));
    }),
  );
});
