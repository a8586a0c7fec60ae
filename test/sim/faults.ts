// What can go wrong in a simulated world, and what people do to it.
import { address } from '../../src/core/address.ts';
import type { Random } from '../../src/core/time.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import type { Cast } from './draw.ts';
import type { Outsider } from './outsider.ts';
import { INSIDE, LINK, type Spec, VIP, type World } from './world.ts';

export type Fault = { what: string; act: (world: World, outsider: Outsider) => void; thenMs: number };
export type Drawn = Omit<Fault, 'thenMs'> & { thenMs?: number };

/** One, or several that belong together. Nothing is lost, late or cut in a quiet network, nobody paused. */
export function drawFault(random: Random, cast: Cast, quietNetwork: boolean): Fault[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const spec = pick(cast.specs);
  const other = pick(cast.specs);
  const soon = () => random() ** 2 * 2 * cast.downMs;
  const chance = random();
  let drawn: Drawn[];
  if (chance < 0.1) drawn = pick(plots(random, spec, cast, quietNetwork));
  else if (quietNetwork || chance < 0.55) drawn = [pick(directorFaults(random, spec, cast))];
  else drawn = [pick(networkFaults(random, spec.name, other.name, cast))];
  return drawn.map((fault) => ({ thenMs: soon(), ...fault }));
}

function directorFaults(random: Random, spec: Spec, { baseMs, hasInside }: Cast): Drawn[] {
  const { name } = spec;
  const priority = 1 + Math.floor(random() * 254);
  const faults: Drawn[] = [
    { what: `crash ${name}`, act: (world) => world.crash(name) },
    { what: `start ${name}`, act: (world) => world.start(name) },
    { what: `start ${name}`, act: (world) => world.start(name) },
    { what: `link ${name} down`, act: (world) => world.link(name, false) },
    { what: `link ${name} up`, act: (world) => world.link(name, true) },
    { what: `stop ${name}`, act: (world) => world.command(name, { type: 'stop' }) },
    drill(name, random() * 5 * baseMs),
    { what: `take 10.0.0.50 from ${name}`, act: (world) => world.takeAddress(name, VIP) },
    {
      what: `restart ${name} priority ${priority}`,
      act: (world) => {
        world.crash(name);
        world.reload(name, withPriority(spec, priority));
        world.start(name);
      },
    },
  ];
  if (hasInside)
    for (const up of [false, true])
      faults.push({
        what: `eth1 of ${name} ${up ? 'up' : 'down'}`,
        act: (world) => world.link(name, up, INSIDE),
      });
  return spec.keepalived ? faults : [...faults, ...reloads(random, spec)];
}

function drill(name: string, holdMs: number): Drawn {
  const act = (world: World) => world.command(name, { type: 'drill', holdMs });
  return { what: `drill ${name} ${holdMs.toFixed(0)}ms`, act };
}

function reloads(random: Random, spec: Spec): Drawn[] {
  const { name } = spec;
  const priority = 1 + Math.floor(random() * 254);
  const vip = { address: address('10.0.0.60'), prefixLength: 24, interface: LINK, scope: 0 };
  const excludedVips: InstanceSettings['excludedVips'] = random() < 0.5 ? [vip] : [];
  const faults: Drawn[] = [
    {
      what: `reload ${name} priority ${priority}`,
      act: (world) => world.reload(name, withPriority(spec, priority)),
    },
    { what: `reload ${name} addresses`, act: (world) => world.reconfigure(name, { excludedVips }) },
  ];
  return hasOneMore(spec) ? [...faults, withoutMore(name), withMore(spec)] : faults;
}
/** Of a sync group of two here and one there nothing could be promised. */
function hasOneMore({ more = [], groups = [] }: Spec): boolean {
  return more.length > 0 && groups.length === 0;
}
/** In a sync group what is better is so in every member. */
function withPriority({ own, more = [], groups = [] }: Spec, priority: number): Pick<Spec, 'own' | 'more'> {
  const members = new Set(groups.flatMap((group) => group.members));
  const moved = more.map((each) => (members.has(each.name!) ? { ...each, priority } : each));
  return { own: { ...own, priority }, more: moved };
}
function withoutMore(name: string): Drawn {
  return { what: `reload ${name} without VI_2…`, act: (world) => world.reload(name, { more: [] }) };
}
function withMore({ name, more = [] }: Spec): Drawn {
  return { what: `reload ${name} with VI_2…`, act: (world) => world.reload(name, { more }) };
}

/** What chance would seldom bring about. */
function plots(random: Random, spec: Spec, cast: Cast, quietNetwork: boolean): Drawn[][] {
  const { name } = spec;
  const { baseMs, downMs, specs } = cast;
  const others = specs.filter((other) => other.name !== name);
  const leaves = random() < 0.5 ? drill(name, random() * baseMs) : stop(name);
  const shortly = random() * baseMs;
  const aloneAndLeaves: Drawn[] = [
    ...others.map(
      (other): Drawn => ({ what: `crash ${other.name}`, act: (world) => world.crash(other.name), thenMs: 0 }),
    ),
    { what: 'wait', act: () => {}, thenMs: 1.2 * downMs },
    { ...leaves, thenMs: random() * 1.5 * downMs },
    ...others.map(
      (other): Drawn => ({ what: `start ${other.name}`, act: (world) => world.start(other.name), thenMs: 0 }),
    ),
  ];
  const found = [aloneAndLeaves];
  if (!spec.keepalived && hasOneMore(spec))
    found.push([{ ...withoutMore(name), thenMs: random() * downMs }, withMore(spec)]);
  if (quietNetwork) return found;
  const isolate = (world: World) => {
    for (const other of others)
      for (const device of [LINK, INSIDE]) {
        world.cut(name, other.name, device);
        world.cut(other.name, name, device);
      }
  };
  const heal: Drawn = { what: 'heal', act: (world) => world.heal() };
  const isolated: Drawn = { what: `isolate ${name}`, act: isolate, thenMs: (1 + random()) * downMs };
  found.push(
    [isolated, heal],
    [isolated, { ...leaves, thenMs: shortly }, heal],
    [
      { what: `pause ${name}`, act: (world) => world.pause(name), thenMs: (0.5 + random()) * 2 * downMs },
      { what: `resume ${name}`, act: (world) => world.resume(name) },
    ],
  );
  return found;
}

function stop(name: string): Drawn {
  return { what: `stop ${name}`, act: (world) => world.command(name, { type: 'stop' }) };
}

function networkFaults(random: Random, name: string, other: string, { baseMs, hasInside }: Cast): Drawn[] {
  const loss = random() / 2;
  const duplicates = random() / 2;
  const delayMaxMs = random() * 1.5 * baseMs;
  const device = hasInside && random() < 0.5 ? INSIDE : LINK;
  const where = device === LINK ? '' : ` on ${device}`;
  return [
    { what: `pause ${name}`, act: (world) => world.pause(name) },
    { what: `resume ${name}`, act: (world) => world.resume(name) },
    { what: `resume ${name}`, act: (world) => world.resume(name) },
    { what: `cut ${name} → ${other}${where}`, act: (world) => world.cut(name, other, device) },
    {
      what: `cut ${name} – ${other}${where}`,
      act: (world) => {
        world.cut(name, other, device);
        world.cut(other, name, device);
      },
    },
    { what: 'heal', act: (world) => world.heal() },
    { what: 'heal', act: (world) => world.heal() },
    { what: 'lose', act: (world) => void Object.assign(world.network, { loss, duplicates }) },
    { what: 'delay', act: (world) => void Object.assign(world.network, { delayMaxMs }) },
  ];
}
