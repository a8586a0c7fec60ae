// What can go wrong in a simulated world, and what people do to it.
import { address } from '../../src/core/address.ts';
import type { Random } from '../../src/core/time.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { INSIDE, LINK, type Spec, type World } from './world.ts';

export type Fault = { what: string; act: (world: World) => void; thenMs: number };
export type Surroundings = {
  specs: readonly Spec[];
  baseMs: number;
  /** Nothing is lost, late or cut, nobody is paused: only what the directors themselves do. */
  quietNetwork: boolean;
  tracks: boolean;
};
type Drawn = Omit<Fault, 'thenMs'>;

export function drawFault(random: Random, surroundings: Surroundings): Drawn {
  const { specs, quietNetwork } = surroundings;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const spec = pick(specs);
  const director = directorFaults(random, spec, surroundings);
  if (quietNetwork || random() < 0.5) return pick(director);
  return pick(networkFaults(random, spec.name, pick(specs).name, surroundings));
}

function directorFaults(random: Random, spec: Spec, { baseMs, tracks }: Surroundings): Drawn[] {
  const { name } = spec;
  const holdMs = random() * 5 * baseMs;
  const faults: Drawn[] = [
    { what: `crash ${name}`, act: (world) => world.crash(name) },
    { what: `start ${name}`, act: (world) => world.start(name) },
    { what: `start ${name}`, act: (world) => world.start(name) },
    { what: `link ${name} down`, act: (world) => world.link(name, false) },
    { what: `link ${name} up`, act: (world) => world.link(name, true) },
    { what: `stop ${name}`, act: (world) => world.command(name, { type: 'stop' }) },
    {
      what: `drill ${name} ${holdMs.toFixed(0)}ms`,
      act: (world) => world.command(name, { type: 'drill', holdMs }),
    },
    { what: `take 10.0.0.50 from ${name}`, act: (world) => world.takeAddress(name, address('10.0.0.50')) },
  ];
  if (tracks)
    for (const up of [false, true])
      faults.push({
        what: `eth1 of ${name} ${up ? 'up' : 'down'}`,
        act: (world) => world.link(name, up, INSIDE),
      });
  return spec.keepalived ? faults : [...faults, ...reloads(random, spec)];
}

function reloads(random: Random, { name, more = [] }: Spec): Drawn[] {
  const priority = 1 + Math.floor(random() * 254);
  const vip = { address: address('10.0.0.60'), prefixLength: 24, interface: LINK, scope: 0 };
  const excludedVips: InstanceSettings['excludedVips'] = random() < 0.5 ? [vip] : [];
  const faults: Drawn[] = [
    { what: `reload ${name} priority ${priority}`, act: (world) => world.reconfigure(name, { priority }) },
    { what: `reload ${name} addresses`, act: (world) => world.reconfigure(name, { excludedVips }) },
  ];
  if (more.length > 0)
    faults.push(
      { what: `reload ${name} without VI_2…`, act: (world) => world.reload(name, { more: [] }) },
      { what: `reload ${name} with VI_2…`, act: (world) => world.reload(name, { more }) },
    );
  return faults;
}

function networkFaults(random: Random, name: string, other: string, { baseMs }: Surroundings): Drawn[] {
  const loss = random() / 2;
  const duplicates = random() / 2;
  const delayMaxMs = random() * 1.5 * baseMs;
  return [
    { what: `pause ${name}`, act: (world) => world.pause(name) },
    { what: `resume ${name}`, act: (world) => world.resume(name) },
    { what: `resume ${name}`, act: (world) => world.resume(name) },
    { what: `cut ${name} → ${other}`, act: (world) => world.cut(name, other) },
    {
      what: `cut ${name} – ${other}`,
      act: (world) => {
        world.cut(name, other);
        world.cut(other, name);
      },
    },
    { what: 'heal', act: (world) => world.heal() },
    { what: 'heal', act: (world) => world.heal() },
    { what: 'lose', act: (world) => void Object.assign(world.network, { loss, duplicates }) },
    { what: 'delay', act: (world) => void Object.assign(world.network, { delayMaxMs }) },
  ];
}
