// Orders on two directors that are parted, restarted, told other files and given orders at any moment: when
// they are connected again both hold the same ones, and none that somebody replaced. SEED=n runs one world.
import { expect, test } from 'vitest';
import { merge, NO_BOOK, note, STRANGERS_MAX, told } from '../../../src/director/weights/book.ts';
import { HOSTS, idOfHost, type Node, World } from './pair-world.ts';
import { keyOf, POOL } from './pools.ts';

const SEEDS = 500;
const TURNS = 80;
/** Of the file. */
const DEADLINE_MS = 60_000;

function turn(world: World): void {
  const node = world.pick(world.nodes);
  const chance = world.random();
  if (chance < 0.25) world.command(node);
  else if (chance < 0.3) world.connect();
  else if (chance < 0.34) world.cut();
  else if (chance < 0.4) world.reload(node);
  else if (chance < 0.43) world.restart(node, true);
  else if (chance < 0.45) world.restart(node, false);
  else if (chance < 0.48) world.serving = node;
  else if (chance < 0.6) world.look(node, world.pick([0, 1]));
  else world.deliver(node);
  world.nowMs += Math.floor(world.random() * 5_000);
}

/** What each of them has before, and what both have to have afterwards. */
function heal(world: World): void {
  world.cut();
  const [a, b] = world.nodes;
  const expected = HOSTS.map((host) => latest(world, host, a, b));
  world.connect();
  world.settle();
  for (const [index, host] of HOSTS.entries()) {
    const [mine, theirs] = world.nodes.map((node) => world.number(world.entry(node, host)));
    const files = world.nodes.filter(({ file }) => file.servers.has(keyOf(host))).length;
    expect([mine, theirs], `orders of ${host}, in ${files} files`).toEqual(
      files === 0 ? [undefined, undefined] : [mine, mine],
    );
    if (files > 0) expect(expected[index], `order of ${host}`).toContain(mine);
  }
  for (const node of world.nodes) isCarriedOut(world, node);
}

/** The orders one of which has to be the one that counts. */
function latest(world: World, host: number, a: Node, b: Node): (number | undefined)[] {
  const [one, other] = [a, b].map((node) => world.number(world.entry(node, host)));
  if (one === undefined || other === undefined) return [one ?? other];
  if (one === other || world.isBefore(one, other)) return [other];
  if (world.isBefore(other, one)) return [one];
  // Told to who had lost its memory, and has not heard of the other one since.
  if (a.pair.book!.hasHeard === b.pair.book!.hasHeard) return [one, other];
  return [a.pair.book!.hasHeard ? other : one];
}

function isCarriedOut(world: World, { name, pair, file }: Node): void {
  for (const host of HOSTS) {
    const said = world.nodes.map((node) => world.entry(node, host)?.said)[0];
    if (!file.servers.has(keyOf(host))) continue;
    const order = pair.weights.programs.get(idOfHost(host))?.order;
    expect(order?.is ?? 'ready', `${name}: ${host}`).toBe(said?.is ?? 'ready');
    if (said?.is === 'weight') expect(order).toEqual(said);
  }
}

/** A drain that ends on who serves ends on the other one. */
function follows(world: World): void {
  world.look(world.serving, 0);
  world.settle();
  const other = world.other(world.serving);
  // Of a deadline the other one needs no word.
  world.nowMs += DEADLINE_MS;
  world.look(other, 1);
  world.settle();
  for (const host of HOSTS) {
    const [one, two] = [world.serving, other].map(({ pair }) => pair.weights.programs.get(idOfHost(host)));
    if (one?.order?.is === 'drain' && two?.order?.is === 'drain')
      expect([one.phase.is, two.phase.is], `${host} is drained`).toEqual(['out', 'out']);
  }
}

test('after any separation both directors hold the same orders, the latest ones', () => {
  const { SEED } = process.env;
  const seeds = SEED ? [Number(SEED)] : Array.from({ length: SEEDS }, (_, i) => i + 1);
  for (const seed of seeds) {
    const world = new World(seed);
    try {
      for (let round = 0; round < 3; round++) {
        for (let each = 0; each < TURNS; each++) turn(world);
        heal(world);
        follows(world);
      }
    } catch (error) {
      throw new Error(`SEED=${seed}: ${String(error)}\n${world.trace.slice(-40).join('\n')}`, {
        cause: error,
      });
    }
  }
});

/** Both know all servers. */
function pairOf(): World {
  const world = new World(1);
  for (const node of world.nodes) world.reload(node, HOSTS);
  return world;
}
const DRAIN = { order: { is: 'drain' } } as const;
const READY = { order: { is: 'ready' } } as const;
const orders = (world: World) =>
  world.nodes.map(({ pair }) => pair.weights.programs.get(idOfHost(1))?.order?.is ?? 'none');

test('an order given while the other one is away holds there once it is back; so does its withdrawal', () => {
  const world = pairOf();
  const [a, b] = world.nodes;
  world.command(a, 1, DRAIN);
  world.connect();
  world.settle();
  expect(orders(world)).toEqual(['drain', 'drain']);
  world.restart(b, true);
  world.command(a, 1, READY);
  world.connect();
  world.settle();
  expect(orders(world)).toEqual(['none', 'none']);
});

test('a director that has forgotten everything is told; what it was ordered meanwhile is later', () => {
  const world = pairOf();
  const [a, b] = world.nodes;
  world.connect();
  world.settle();
  for (let times = 0; times < 5; times++) world.command(a, 1, DRAIN);
  world.command(a, 2, DRAIN);
  world.settle();
  world.restart(b, false);
  world.command(b, 1, READY);
  world.connect();
  world.settle();
  expect(orders(world)).toEqual(['none', 'none']);
  expect(b.pair.weights.programs.get(idOfHost(2))?.order).toEqual({ is: 'drain' });
});

test('a deadline is a duration: it ends on both at the same moment, whatever their clocks are', () => {
  const world = pairOf();
  const [a, b] = world.nodes;
  world.command(a, 1, { ...DRAIN, deadlineMs: 10_000 });
  world.nowMs += 4_000;
  world.connect();
  world.settle();
  const left = [a, b].map(({ pair, skewMs }) => {
    const phase = pair.weights.programs.get(idOfHost(1))!.phase;
    return phase.is === 'draining' && phase.untilMs! - world.nowMs - skewMs;
  });
  expect(left).toEqual([6_000, 6_000]);
});

test('an order of a server that only the other one has waits until it is in the file', () => {
  const world = pairOf();
  const [a, b] = world.nodes;
  world.reload(b, [2, 3]);
  world.connect();
  world.settle();
  const { unknown } = commandAndHear(world, a, b);
  expect(unknown).toEqual([{ pool: POOL, server: keyOf(1) }]);
  expect(orders(world)).toEqual(['drain', 'none']);
  world.reload(b, [1, 2, 3]);
  expect(orders(world)).toEqual(['drain', 'drain']);
  for (const node of world.nodes) world.reload(node, [2]);
  world.settle();
  expect(world.nodes.map(({ pair }) => pair.book!.entries.size)).toEqual([0, 0]);
});

function commandAndHear(world: World, from: Node, to: Node) {
  world.command(from, 1, DRAIN);
  const frame = to.inbox.shift()!;
  if (frame.type !== 'orders') throw new Error('no orders');
  const { clock, orders: given } = frame;
  const outcome = world.step(to, { type: 'told', clock, orders: given, from: '10.9.0.2' });
  expect(outcome.notices[0]).toMatchObject({
    event: 'server.told',
    fields: { from: '10.9.0.2', order: 'drain', isConfigured: false },
  });
  return outcome;
}

test('of servers that only the other one has no more than a bounded number is kept', () => {
  let theirs = NO_BOOK;
  for (let port = 1; port <= STRANGERS_MAX + 50; port++)
    theirs = note(theirs, { pool: POOL, server: `10.9.9.9:${port}` }, { is: 'maint' });
  const { book, taken } = merge(
    NO_BOOK,
    told(theirs, () => true, 0),
    () => false,
    0,
  );
  expect([book.entries.size, taken.length]).toEqual([STRANGERS_MAX, STRANGERS_MAX]);
});

test('without sync nothing is told or remembered', () => {
  const world = pairOf();
  const [a] = world.nodes;
  world.step(a, { type: 'unshared' });
  world.connect();
  const { tell } = world.step(a, { type: 'commanded', pool: POOL, server: keyOf(1), command: DRAIN });
  expect(tell).toBeUndefined();
  expect(a.pair.book).toBeUndefined();
  // An order from before is noted when there is sync.
  world.step(a, { type: 'shared', by: 77 });
  expect(world.entry(a, 1)?.said).toMatchObject({ is: 'drain', untilMs: expect.any(Number) });
});
