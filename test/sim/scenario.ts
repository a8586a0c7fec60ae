// One seed, one world: who takes part, what goes wrong and when, and what has to be true in the end. The
// steps are drawn before the world runs, so that it can be run again without some of them.
import { address } from '../../src/core/address.ts';
import { type Random, seededRandom } from '../../src/core/time.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { drawFault, type Fault } from './faults.ts';
import { type Bounds, BrokenPromise, Judge } from './judge.ts';
import { instanceSettings, LINK, type Node, type Spec, stateOf, World } from './world.ts';

type Scenario = {
  specs: readonly Spec[];
  /** Of the first node; the names, groups and addresses are those of all. */
  instances: readonly InstanceSettings[];
  faults: readonly Fault[];
  bounds: Bounds;
  /** How long all of it may take to be settled again. */
  settleMs: number;
  delayMaxMs: number;
};
export type Failure = {
  seed: number;
  message: string;
  left: readonly number[];
  faults: string[];
  trace: string[];
};

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const CALM_DELAY_MS = 0.3;

/** Undefined: every promise held. What fails is made smaller: faults that it does not need are left out. */
export function runSeed(seed: number): Failure | undefined {
  let failure = attempt(seed, undefined);
  if (failure === undefined) return undefined;
  for (let again = true; again; ) {
    again = false;
    for (const index of failure.left) {
      const smaller = attempt(
        seed,
        failure.left.filter((other) => other !== index),
      );
      if (smaller === undefined) continue;
      failure = smaller;
      again = true;
    }
  }
  return failure;
}

/** `only`: the numbers of the faults that happen. What happened is added to `trace`. */
export function attempt(
  seed: number,
  only: readonly number[] | undefined,
  trace?: string[],
): Failure | undefined {
  const scenario = draw(seed);
  const left = only ?? scenario.faults.map((_, index) => index);
  const world = new World(seed, scenario.specs);
  try {
    play(world, scenario, left);
  } catch (error) {
    const message = error instanceof BrokenPromise ? error.message : String((error as Error).stack);
    const faults = left.map((index) => `${index}: ${scenario.faults[index]!.what}`);
    return { seed, message, left, faults, trace: world.trace };
  } finally {
    trace?.push(...world.trace);
  }
  return undefined;
}

export function describeFailure({ seed, message, left, faults, trace }: Failure): string {
  const replay = `SEED=${seed} FAULTS=${left.join(',')}`;
  return [message, '', ...trace, '', ...faults, '', `${replay} npm run sim`].join('\n');
}

function play(world: World, scenario: Scenario, left: readonly number[]): void {
  world.network.delayMaxMs = CALM_DELAY_MS;
  const judge = new Judge(world, scenario.instances, scenario.bounds);
  const disturb = (act: () => void) => {
    judge.disturb();
    act();
    judge.disturb();
  };
  scenario.faults.forEach((fault, index) => {
    if (left.includes(index)) disturb(() => fault.act(world));
    world.run(fault.thenMs);
  });
  // What was standing still, cut or late is repaired; whoever is off, or has no link, stays so.
  disturb(() => {
    world.heal();
    for (const { spec } of world.nodes) world.resume(spec.name);
  });
  world.run(scenario.settleMs);
  for (const instance of scenario.instances) judgeEnd(world, instance);
  const before = world.changes.length;
  world.run(scenario.settleMs / 2);
  if (world.changes.length !== before) throw new BrokenPromise('what has settled does not stay settled');
}

function judgeEnd(world: World, { name, vips }: InstanceSettings): void {
  const vip = vips[0]!.address;
  const able = world.nodes.filter((node) => ['BACKUP', 'MASTER'].includes(stateOf(node, name) ?? ''));
  const masters = world.nodes.filter((node) => stateOf(node, name) === 'MASTER');
  const names = (nodes: readonly Node[]) => nodes.map(({ spec }) => spec.name).join(' and ') || 'nobody';
  if (masters.length !== Math.min(1, able.length))
    throw new BrokenPromise(`${name}: ${names(masters)} MASTER in the end, of ${names(able)}`);
  const holders = world.nodes.filter((node) => node.holds.has(vip));
  if (names(holders) !== names(masters))
    throw new BrokenPromise(`${name}: in the end ${names(holders)} has the address of ${names(masters)}`);
  const master = masters[0];
  if (master === undefined) return;
  if (world.asked(vip) !== master)
    throw new BrokenPromise(`${name}: in the end the client asks ${world.asked(vip)?.spec.name}`);
  const own = (node: Node) => node.settings.instances.find((instance) => instance.name === name);
  const better = able.filter(
    (node) => (own(node)?.priority ?? 0) > (own(master)?.priority ?? 0) && own(node)?.preempt,
  );
  if (better.length > 0)
    throw new BrokenPromise(`${name}: ${names(masters)} is MASTER in the end, ${names(better)} is better`);
}

function draw(seed: number): Scenario {
  const random = seededRandom(seed);
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const often = (chance: number) => random() < chance;
  const version = pick(2, 3, 3);
  const baseMs = version === 2 ? 1000 : pick(100, 1000);
  const mixed = version === 3 && often(0.2);
  const equal = often(0.15);
  const nopreempt = often(0.25);
  const keepalived = often(0.15);
  const preemptDelayMs = !keepalived && often(0.2) ? baseMs * pick(2, 5, 12) : 0;
  const unicast = often(0.2);
  const tracks = !keepalived && often(0.3);
  const downAdverts = often(0.1) ? 2 : 3;
  const garp = {
    delayMs: pick(0, 0, 5 * baseMs),
    repeat: 5,
    refreshMs: 8 * baseMs,
    refreshRepeat: 1,
  };
  const count = pick(2, 2, 2, 3, 3, 4, 5);
  const instances = keepalived ? 1 : pick(1, 1, 2, 3);
  const priorities = NAMES.map(() => (equal ? 100 : 1 + Math.floor(random() * 254)));
  if (often(0.05)) priorities[Math.floor(random() * count)] = 255;
  const addresses = NAMES.map((_, index) => address(`10.0.0.${11 + index}`));
  const specs = NAMES.slice(0, count).map((name, index): Spec => {
    const advertMs = mixed ? baseMs * pick(1, 2, 4) : baseMs;
    const all = Array.from(
      { length: instances },
      (_, which): Partial<InstanceSettings> => ({
        name: `VI_${which + 1}`,
        vrid: 51 + which,
        vips: [{ address: address(`10.0.0.${50 + which}`), prefixLength: 24, interface: LINK, scope: 0 }],
        priority: priorities[(index + which) % count]!,
        version,
        advertMs,
        downAdverts,
        preempt: !nopreempt,
        preemptDelayMs: nopreempt ? 0 : preemptDelayMs,
        trackInterfaces: tracks ? ['eth1'] : [],
        unicastPeers: unicast ? addresses.slice(0, count).filter((_, other) => other !== index) : [],
        garp,
      }),
    );
    const [own, ...more] = all;
    const drift = often(0.3) ? (random() - 0.5) * 0.004 : 0;
    const foreign = keepalived && index === 1 ? { keepalived: pick('plain', 'last word') } : {};
    return { name, address: addresses[index]!, own: own!, more, drift, ...foreign } as Spec;
  });
  return {
    specs,
    ...drawFaults(random, specs, { baseMs, mixed, preemptDelayMs, downAdverts, version, tracks }),
  };
}

type Times = {
  baseMs: number;
  mixed: boolean;
  preemptDelayMs: number;
  downAdverts: number;
  version: 2 | 3;
  tracks: boolean;
};
function drawFaults(random: Random, specs: readonly Spec[], times: Times): Omit<Scenario, 'specs'> {
  const { baseMs, mixed, preemptDelayMs, downAdverts, version, tracks } = times;
  const slowestMs = mixed ? 4 * baseMs : baseMs;
  const downMs = downAdverts * slowestMs + (version === 2 ? 1000 : slowestMs);
  const quietNetwork = random() < 0.3;
  const faults: Fault[] = specs.map(({ name }) => ({
    what: `start ${name}`,
    act: (world) => world.start(name),
    thenMs: random() < 0.5 ? 0 : random() * 3 * baseMs,
  }));
  const surroundings = { specs, baseMs, quietNetwork, tracks };
  for (let n = 0; n < 10; n++)
    faults.push({ ...drawFault(random, surroundings), thenMs: random() ** 2 * 2 * downMs });
  const delayMaxMs = quietNetwork ? CALM_DELAY_MS : 1.5 * baseMs;
  const own = specs[0]!;
  return {
    faults,
    instances: [own.own, ...own.more!].map(instanceSettings),
    bounds: {
      ownerless: downMs + delayMaxMs + 30,
      dual: quietNetwork ? 3 * CALM_DELAY_MS + 1 : slowestMs + 3,
      unheardStale: 8 * baseMs + downMs + 10,
      delay: CALM_DELAY_MS,
    },
    settleMs: 3 * downMs + preemptDelayMs + 9 * baseMs + delayMaxMs,
    delayMaxMs,
  };
}
