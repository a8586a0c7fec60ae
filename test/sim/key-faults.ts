// What can go wrong with keys and clocks in a signed world, what an operator does with them, and what
// somebody without a key tries.
import type { Random } from '../../src/core/time.ts';
import type { Cast } from './draw.ts';
import type { Fault } from './faults.ts';
import { type Signing, windowMs } from './secrets.ts';
import type { Spec, World } from './world.ts';

type Act = Fault['act'];
type Make = (what: string, act: Act, thenMs?: number) => Fault;

const HOUR_MS = 3_600_000;

/** Several that belong together; `signing`: of all of them. */
export function drawKeyFaults(random: Random, cast: Cast, signing: Signing): Fault[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const make: Make = (what, act, thenMs = random() ** 2 * cast.downMs) => ({ what, act, thenMs });
  const spec = pick(cast.specs);
  const plots = [outside, outside, strange, climb, climb, oneClock, allClocks, allClocks, restart];
  return pick(plots)(random, make, { cast, spec, signing });
}

type Where = { cast: Cast; spec: Spec; signing: Signing };

/** An outsider has a go at a director, a few times. */
function outside(random: Random, make: Make, { cast, spec: { name } }: Where): Fault[] {
  const others = cast.specs.filter((other) => other.name !== name);
  return Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
    const thenMs = random() * cast.baseMs;
    if (random() < 0.6) return make(`replay to ${name}`, (_, outsider) => outsider.replay(name), thenMs);
    const as = others[Math.floor(random() * others.length)]!.name;
    const forgery = { priority: random() < 0.5 ? 0 : 254, signs: random() < 0.7 };
    const what = `forge ${forgery.signs ? 'signed' : 'unsigned'} ${forgery.priority} to ${name} as ${as}`;
    return make(what, (_, outsider) => outsider.forge(name, as, forgery), thenMs);
  });
}

/** One has the wrong keys, until somebody sees it. */
function strange(random: Random, make: Make, { cast, spec: { name } }: Where): Fault[] {
  const keys = (stranger: boolean): Act => {
    return (world) => world.reload(name, { signing: { ...signingOf(world, name), stranger } });
  };
  const thenMs = random() * 2 * cast.downMs;
  return [make(`wrong keys at ${name}`, keys(true), thenMs), make(`right keys at ${name}`, keys(false))];
}

/** All go to the next rung, one after another; whoever cannot is skipped. */
function climb(random: Random, make: Make, { cast }: Where): Fault[] {
  const by = random() < 0.7 ? 1 : -1;
  const rungs = 1 + Math.floor(random() * 3);
  const names = cast.specs.map(({ name }) => name);
  return Array.from({ length: rungs }, () =>
    names.map((name) => make(`${name} ${by > 0 ? 'next' : 'former'} keys`, (world) => move(world, name, by))),
  ).flat();
}
function move(world: World, name: string, by: number): void {
  const signing = signingOf(world, name);
  const rung = signing.rung + by;
  const others = world.nodes.filter(({ spec }) => spec.name !== name);
  const isFar = others.some(({ spec }) => Math.abs(signingOf(world, spec.name).rung - rung) > 1);
  if (rung < 0 || rung >= signing.ladder.length || isFar) return;
  world.reload(name, { signing: { ...signing, rung } });
}

function oneClock(random: Random, make: Make, { cast, spec: { name }, signing }: Where): Fault[] {
  const offMs = anyOffset(random, signing);
  const set =
    (toMs: number): Act =>
    (world) =>
      world.clock(name, toMs);
  return [
    make(`clock of ${name} ${offMs.toFixed(0)}ms off`, set(offMs), random() * 2 * cast.downMs),
    make(`clock of ${name} right`, set(0)),
  ];
}
function allClocks(random: Random, make: Make, { cast, signing }: Where): Fault[] {
  const offMs = anyOffset(random, signing);
  const set = (toMs: number): Act => {
    return (world) => {
      for (const { spec } of world.nodes) world.clock(spec.name, toMs);
    };
  };
  return [
    make(`all clocks ${offMs.toFixed(0)}ms off`, set(offMs), random() * 2 * cast.downMs),
    make('all clocks right', set(0)),
  ];
}
/** It comes back with another time: its battery was empty. */
function restart(random: Random, make: Make, { spec: { name }, signing }: Where): Fault[] {
  const offMs = anyOffset(random, signing);
  return [
    make(`restart ${name}, clock ${offMs.toFixed(0)}ms off`, (world) => {
      world.crash(name);
      world.clock(name, offMs);
      world.start(name);
    }),
  ];
}

/** Often within the window, where nobody may notice. */
function anyOffset(random: Random, signing: Signing): number {
  const farthestMs = random() < 0.5 ? (windowMs(signing) ?? HOUR_MS) : HOUR_MS;
  return (random() - 0.5) * farthestMs;
}

function signingOf(world: World, name: string): Signing {
  return world.node(name).spec.signing!;
}
