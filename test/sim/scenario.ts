// One seed, one world: what goes wrong in it and when, and what has to be true in the end. The steps are
// drawn before the world runs, so that it can be run again without some of them.
import { type Random, seededRandom } from '../../src/core/time.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { type Cast, drawCast, giveKeys, giveWaits } from './draw.ts';
import { drawFault, type Fault } from './faults.ts';
import { type Bounds, BrokenPromise, Judge, type Worst } from './judge.ts';
import { drawKeyFaults } from './key-faults.ts';
import { Outsider } from './outsider.ts';
import { type Signing, windowMs } from './secrets.ts';
import { instanceSettings, type Node, type Spec, stateOf, World } from './world.ts';

type Scenario = {
  specs: readonly Spec[];
  /** Of the first node; the names, groups and addresses are those of all. */
  instances: readonly InstanceSettings[];
  faults: readonly Fault[];
  bounds: Bounds;
  /** What they wait for comes, in the end; else their time has to run out. */
  learnInEnd: boolean;
  /** How long all of it may take to be settled again. */
  settleMs: number;
};
export type Failure = {
  seed: number;
  message: string;
  left: readonly number[];
  faults: string[];
  trace: string[];
};

/** `worst`: what there was of each kind, within what is allowed. */
export type Outcome = {
  failure: Failure | undefined;
  trace: readonly string[];
  faults: number;
  elections: number;
  worst: Worst;
};

const FAULTS = 10;
/** Beside them, in a signed world. */
const KEY_FAULTS = 3;
/** What is drawn for signed worlds leaves the others as they are. */
const OTHER_SEED = 0x5ec2e7;
const WAIT_SEED = 0xc0ffee;
/** Beside all others, where directors wait for connections. */
const LESSONS = 6;
const CALM_DELAY_MS = 0.3;

/** Undefined: every promise held. What fails is made smaller: faults that it does not need are left out. */
export function runSeed(seed: number): Failure | undefined {
  let { failure } = attempt(seed, undefined);
  if (failure === undefined) return undefined;
  for (let again = true; again; ) {
    again = false;
    for (const index of failure.left) {
      const left = failure.left.filter((other) => other !== index);
      const { failure: smaller } = attempt(seed, left);
      if (smaller === undefined) continue;
      failure = smaller;
      again = true;
    }
  }
  return failure;
}

/** `only`: the numbers of the faults that happen. */
export function attempt(seed: number, only: readonly number[] | undefined): Outcome {
  const scenario = draw(seed);
  const left = only ?? scenario.faults.map((_, index) => index);
  const world = new World(seed, scenario.specs);
  const judge = new Judge(world, scenario.instances, scenario.bounds);
  let failure: Failure | undefined;
  try {
    play(world, judge, scenario, left);
  } catch (error) {
    const message = error instanceof BrokenPromise ? error.message : String((error as Error).stack);
    const faults = left.map((index) => `${index}: ${scenario.faults[index]!.what}`);
    failure = { seed, message, left, faults, trace: world.trace };
  }
  const elections = world.changes.filter(({ state }) => state === 'MASTER').length;
  return { failure, trace: world.trace, faults: left.length, elections, worst: judge.worst };
}

export function describeFailure({ seed, message, left, faults, trace }: Failure): string {
  const replay = `SEED=${seed} FAULTS=${left.join(',')}`;
  return [message, '', ...trace, '', ...faults, '', `${replay} npm run sim`].join('\n');
}

function play(world: World, judge: Judge, scenario: Scenario, left: readonly number[]): void {
  world.network.delayMaxMs = CALM_DELAY_MS;
  const outsider = new Outsider(world, judge.hearing);
  const disturb = (act: () => void) => {
    judge.disturb();
    act();
    judge.disturb();
  };
  scenario.faults.forEach((fault, index) => {
    if (left.includes(index)) disturb(() => fault.act(world, outsider));
    world.run(fault.thenMs);
  });
  // What was standing still, cut or late is repaired; whoever is off, or has no link, stays so.
  disturb(() => {
    world.heal();
    for (const { spec, clockMs } of world.nodes) {
      if (clockMs !== 0) world.clock(spec.name, 0);
      world.resume(spec.name);
      if (scenario.learnInEnd) world.learn(spec.name, true);
      if (spec.signing?.stranger) world.reload(spec.name, { signing: { ...spec.signing, stranger: false } });
    }
  });
  world.run(scenario.settleMs);
  for (const instance of scenario.instances) judgeEnd(world, instance);
  const before = world.changes.length;
  world.run(scenario.settleMs / 2);
  if (world.changes.length !== before) throw new BrokenPromise('what has settled does not stay settled');
}

function judgeEnd(world: World, { name, vips }: InstanceSettings): void {
  const vip = vips[0]!.address;
  for (const node of world.nodes)
    if (node.director && hasInstance(node, name) && stateOf(node, name) === undefined)
      throw new BrokenPromise(`${name}: in the end ${node.spec.name} does not know it`);
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

function hasInstance({ settings }: Node, name: string): boolean {
  return settings.instances.some((own) => own.name === name);
}

function draw(seed: number): Scenario {
  const random = seededRandom(seed);
  const otherRandom = seededRandom(seed ^ OTHER_SEED);
  const waitRandom = seededRandom(seed ^ WAIT_SEED);
  const cast = giveWaits(waitRandom, giveKeys(otherRandom, drawCast(random, otherRandom)));
  const { specs, baseMs, slowestMs, downMs } = cast;
  const [own] = specs;
  const quietNetwork = random() < 0.3;
  const faults: Fault[] = specs.map(({ name }) => ({
    what: `start ${name}`,
    act: (world) => world.start(name),
    thenMs: random() < 0.5 ? 0 : random() * 3 * baseMs,
  }));
  for (let n = 0; n < FAULTS; n++) faults.push(...drawFault(random, cast, quietNetwork));
  if (own!.signing) insertKeyFaults(faults, otherRandom, cast, own!.signing);
  if (cast.preemptWaitMs !== undefined) insertLessons(faults, waitRandom, cast);
  const learnInEnd = waitRandom() < 0.5;
  const waitMs = learnInEnd ? 0 : (cast.preemptWaitMs ?? 0);
  const delayMaxMs = quietNetwork ? CALM_DELAY_MS : 1.5 * baseMs;
  const deaf = windowMs(own!.signing) ?? 0;
  return {
    specs,
    faults,
    instances: [own!.own, ...own!.more!].map(instanceSettings),
    bounds: {
      ownerless: downMs + delayMaxMs + 30,
      dual: quietNetwork && !own!.signing ? 3 * CALM_DELAY_MS + 1 : slowestMs + 3,
      unheardStale: 8 * baseMs + downMs + 10,
      delay: CALM_DELAY_MS,
      deaf,
    },
    learnInEnd,
    settleMs: 3 * downMs + cast.preemptDelayMs + waitMs + 9 * baseMs + delayMaxMs + deaf,
  };
}

/** Somebody has learned what is forwarded, or has lost it. */
function insertLessons(faults: Fault[], random: Random, { specs, downMs }: Cast): void {
  const first = specs.length;
  for (let n = 0; n < LESSONS; n++) {
    const at = first + Math.floor(random() * (faults.length - first + 1));
    const { name } = specs[Math.floor(random() * specs.length)]!;
    const known = random() < 0.7;
    const what = `${name} ${known ? 'learns' : 'forgets'} the connections`;
    faults.splice(at, 0, { what, act: (world) => world.learn(name, known), thenMs: random() * downMs });
  }
}

/** Anywhere after the start; what belongs together stays in order, with other faults in between. */
function insertKeyFaults(faults: Fault[], random: Random, cast: Cast, signing: Signing): void {
  const first = cast.specs.length;
  for (let n = 0; n < KEY_FAULTS; n++) {
    let at = first + Math.floor(random() * (faults.length - first + 1));
    for (const fault of drawKeyFaults(random, cast, signing)) {
      faults.splice(at, 0, fault);
      at += 1 + Math.floor(random() * 2);
    }
  }
}
