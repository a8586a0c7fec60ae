// One seed, one world of two directors whose balancers are connected: what goes wrong in it and when, and
// what has to be true at each step and in the end. The steps are drawn before the world runs, so that it can
// be run again without some of them.
import { type Random, seededRandom } from '../../../src/core/time.ts';
import { SyncBatch } from '../../../src/sync/encode.ts';
import type { SyncEntry } from '../../../src/sync/entry.ts';
import { decodeDatagram } from '../../../src/sync/wire.ts';
import { keyOf, type Node, World } from './world.ts';

type Fault = { what: string; act: (world: World) => void; thenMs: number };
export type Failure = {
  seed: number;
  message: string;
  left: readonly number[];
  faults: string[];
  trace: string[];
};
export type Outcome = { failure: Failure | undefined; trace: readonly string[] };

const BATCH = new SyncBatch({ syncId: 0, maxlen: 60_000 });

class BrokenPromise extends Error {}

const FAULTS = 25;
const CONNECTIONS = 40;
/** Silence that ends a connection, another one, and a copy of a small table. */
const SETTLE_MS = 10_000;
const QUIET_MS = 5000;

/** `only`: the numbers of the faults that happen. */
export function attempt(seed: number, only?: readonly number[]): Outcome {
  const random = seededRandom(seed);
  const capacity = random() < 0.9 ? 2 * CONNECTIONS : CONNECTIONS / 2;
  const faults = Array.from({ length: FAULTS }, () => drawFault(random));
  const left = only ?? faults.map((_, index) => index);
  const world = new World(random, capacity);
  const judged = new Map<Node, string>();
  world.onStep = () => {
    for (const node of world.nodes) {
      // Only then there is something new to judge.
      const { stream, shadow, bootId } = node;
      const lives = `${bootId} ${world.other(node).bootId}`;
      const now = `${stream?.state} ${shadow.order.acked} ${shadow.covered} ${lives}`;
      if (judged.get(node) !== now) judgeAcknowledged(world, node);
      judged.set(node, now);
    }
  };
  let failure: Failure | undefined;
  try {
    play(world, faults, left);
    judgeEnd(world, capacity);
  } catch (error) {
    const message = error instanceof BrokenPromise ? error.message : String((error as Error).stack);
    const what = left.map((index) => `${index}: ${faults[index]!.what}`);
    failure = { seed, message, left, faults: what, trace: world.trace };
  }
  return { failure, trace: world.trace };
}

/** Undefined: every promise held. What fails is made smaller: faults that it does not need are left out. */
export function runSeed(seed: number): Failure | undefined {
  let { failure } = attempt(seed);
  for (let again = failure !== undefined; again; ) {
    again = false;
    for (const index of failure!.left) {
      const { failure: smaller } = attempt(
        seed,
        failure!.left.filter((other) => other !== index),
      );
      if (smaller === undefined) continue;
      failure = smaller;
      again = true;
    }
  }
  return failure;
}

export function describeFailure({ seed, message, left, faults, trace }: Failure): string {
  const replay = `SEED=${seed} FAULTS=${left.join(',')} npm run sim -- sync`;
  return [message, '', ...trace, '', ...faults, '', replay].join('\n');
}

function play(world: World, faults: readonly Fault[], left: readonly number[]): void {
  world.start(world.a);
  world.start(world.b);
  world.serve(world.a, true);
  faults.forEach((fault, index) => {
    if (left.includes(index)) fault.act(world);
    world.run(fault.thenMs);
  });
  world.cut(false);
  world.delayMaxMs = 5;
  for (const node of world.nodes) {
    world.resume(node);
    world.start(node);
  }
  // Who forwards is decided by then: two that both do keep each their own.
  world.serve(world.a, true);
  world.serve(world.b, false);
  world.run(SETTLE_MS);
}

function drawFault(random: Random): Fault {
  const often = (chance: number) => random() < chance;
  const key = () => String(1 + Math.floor(random() * CONNECTIONS));
  const which = often(0.5) ? 0 : 1;
  const node = (world: World): Node => world.nodes[which];
  const name = 'ab'[which]!;
  const thenMs = often(0.5) ? random() * 20 : random() * 3000;
  const bursts = Array.from({ length: 1 + Math.floor(random() * 15) }, key);
  const delayMaxMs = often(0.5) ? 5 : random() * 800;
  const kinds: [number, string, Fault['act']][] = [
    [8, 'traffic', (world) => trafficOf(world, bursts)],
    [1, `crash ${name}`, (world) => world.crash(node(world))],
    [2, `start ${name}`, (world) => world.start(node(world))],
    [1, `another balancer of ${name}`, (world) => world.restartBalancer(node(world))],
    [1, `pause ${name}`, (world) => world.pause(node(world))],
    [2, `resume ${name}`, (world) => world.resume(node(world))],
    [1, 'cut', (world) => world.cut(true)],
    [2, 'heal', (world) => world.cut(false)],
    [2, 'break', (world) => world.breakWire()],
    [2, `${name} takes over`, (world) => takeOver(world, node(world))],
    [0.5, `${name} serves, too`, (world) => world.serve(node(world), true)],
    [1, 'delay', (world) => Object.assign(world, { delayMaxMs })],
  ];
  let left = random() * kinds.reduce((sum, [weight]) => sum + weight, 0);
  const [, what, act] = kinds.find(([weight]) => {
    left -= weight;
    return left < 0;
  })!;
  return { what, act, thenMs };
}

function trafficOf(world: World, keys: readonly string[]): void {
  for (const key of keys) for (const node of world.nodes) world.traffic(node, key);
}

function takeOver(world: World, node: Node): void {
  world.serve(world.other(node), false);
  world.serve(node, true);
}

/**
 * What the other one has acknowledged, its engine has: so it is not lost with this node. Only while it lives:
 * a life that is over is another failure.
 */
function judgeAcknowledged(world: World, node: Node): void {
  const other = world.other(node);
  const status = node.stream?.status(world.nowMs);
  if (status?.state === 'alone' && status.covered > 0)
    throw new BrokenPromise(`${node.name} is alone, and says that ${status.covered} are covered`);
  if (!status || !other.stream || status.peer?.bootId !== other.bootId) return;
  const entries = entriesOf(node);
  const known = entries.filter(({ key }) => other.engine.has(key)).length;
  if (status.covered > known)
    throw new BrokenPromise(`${node.name} says that ${status.covered} are covered, of which are ${known}`);
  if (status.covered > status.connections) throw new BrokenPromise(`${node.name} covers more than there is`);
  for (const { key, serial, isAcked } of status.refusedByPeer > 0 ? [] : entries) {
    const held = other.engine.get(key);
    if (!isAcked || held?.by === 'clients') continue;
    if (!held) throw new BrokenPromise(`${node.name}: ${key} is acknowledged, and ${other.name} has it not`);
    if (held.serial < serial)
      throw new BrokenPromise(`${node.name}: ${key} is acknowledged, and ${other.name} has it as it was`);
  }
}

type Known = { key: string; serial: number; isAcked: boolean };
function entriesOf({ shadow }: Node): Known[] {
  const slots = [...shadow.order.walk()];
  for (const slot of slots) BATCH.addFrom(shadow, slot);
  const datagram = BATCH.take();
  const decoded = datagram && decodeDatagram(datagram);
  const entries: SyncEntry[] = decoded?.ok ? decoded.message.entries : [];
  return entries.map((entry, index) => ({
    key: keyOf(entry),
    serial: entry.timeoutSeconds,
    isAcked: shadow.order.isAcked(slots[index]!),
  }));
}

function judgeEnd(world: World, capacity: number): void {
  const [a, b] = world.nodes.map((node) => node.stream!.status(world.nowMs));
  for (const status of [a!, b!]) {
    if (status.state !== 'complete') throw new BrokenPromise(`in the end it is ${status.state}`);
    if (status.lagMs !== 0) throw new BrokenPromise(`in the end the lag is ${status.lagMs} ms`);
    const services = status.services.reduce((sum, each) => sum + each.total, 0);
    if (services !== status.connections)
      throw new BrokenPromise(`${services} of ${status.connections} have a service`);
  }
  const hasRoom = world.nodes.every((node) => node.engine.size <= capacity && node.shadow.count < capacity);
  if (hasRoom) judgeEqual(world);
  const told = (act: () => void) => {
    const before = world.entriesSent;
    act();
    world.run(QUIET_MS);
    return world.entriesSent - before;
  };
  if (told(() => undefined) > 0) throw new BrokenPromise('they go on telling each other');
  if (!hasRoom) return;
  if (told(() => world.breakWire()) > 0) throw new BrokenPromise('another connection tells what is known');
  if (told(() => world.traffic(world.a, '1')) !== 1)
    throw new BrokenPromise('a change is told more than once');
  judgeEqual(world);
}

function judgeEqual(world: World): void {
  const [a, b] = world.nodes.map((node) => {
    const { connections, covered } = node.stream!.status(world.nowMs);
    if (covered !== connections)
      throw new BrokenPromise(`in the end ${covered} of ${connections} are covered`);
    const shadow = entriesOf(node).map(({ key, serial }) => `${key} ${serial}`);
    const engine = [...node.engine].map(([key, { serial }]) => `${key} ${serial}`);
    if (shadow.toSorted().join() !== engine.toSorted().join())
      throw new BrokenPromise(`${node.name}: the shadow is ${shadow}, the engine ${engine}`);
    return engine.toSorted().join();
  });
  if (a !== b) throw new BrokenPromise(`a has ${a}, b has ${b}`);
}
