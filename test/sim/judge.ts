// What has to hold in every simulated world at every moment, whatever goes wrong in it. Looks on; the first
// broken promise is thrown. How long something may last counts from the last thing that went wrong.
import type { Address } from '../../src/core/address.ts';
import type { InstanceSettings, State } from '../../src/vrrp/settings.ts';
import { LINGER_MS } from '../../src/vrrp/timing.ts';
import { Hearing } from './hearing.ts';
import { KeepalivedLike } from './keepalived-like.ts';
import { instanceNamed } from './node.ts';
import { Patience } from './patience.ts';
import { type Node, stateOf, type World } from './world.ts';

/** After a heal, from the moment the loser yields. */
export const STALE_MS = 150;
/** Clocks that drift, and what a keepalived needs to have its addresses. */
const SLACK = 1.01;
const SLACK_MS = 10;

/** How long each may last, in ms. */
export type Bounds = {
  ownerless: number;
  dual: number;
  /** When nobody was there to say the last word: the refresh of the announcements. */
  unheardStale: number;
  /** All there is on the way from one to another. */
  delay: number;
  /** After a clock was set, until what it said before is forgotten. */
  deaf: number;
};
type Seen = { state: State | undefined; sinceMs: number; lingersSinceMs: number | undefined };
type Watched = {
  name: string;
  device: string;
  vip: Address;
  seen: Seen[];
  ownerlessSinceMs: number | undefined;
  dualSinceMs: number | undefined;
  staleSinceMs: number | undefined;
  /** The one whom the client asks could not, or cannot, say that it yields. */
  unheard: boolean;
  asked: Node | undefined;
  /** It has the address, and is not about to give it up. */
  askedServes: boolean;
  /** Its last word would count with every master, as long as it served. */
  askedCounts: boolean;
};

/** The longest there was of each kind, in ms, since the last thing that went wrong. */
export type Worst = Record<keyof typeof KINDS, number>;
export const KINDS = {
  ownerless: 'nobody has its address',
  dual: 'two masters',
  stale: 'the client asks the wrong one',
  unheard: 'the client asks one that could not say it yields',
} as const;

export class BrokenPromise extends Error {}

export class Judge {
  readonly worst: Worst = { ownerless: 0, dual: 0, stale: 0, unheard: 0 };
  readonly hearing: Hearing;
  readonly #world: World;
  readonly #bounds: Bounds;
  readonly #watched: Watched[];
  readonly #patience: Patience;
  /** Since when nothing went wrong that has not had its consequences. */
  #quietSinceMs = 0;

  constructor(world: World, instances: readonly InstanceSettings[], bounds: Bounds) {
    this.#world = world;
    this.#bounds = bounds;
    this.#watched = instances.map(({ name, vips, interface: device }) => ({
      name,
      device,
      vip: vips[0]!.address,
      seen: world.nodes.map(() => ({ state: undefined, sinceMs: 0, lingersSinceMs: undefined })),
      ownerlessSinceMs: undefined,
      dualSinceMs: undefined,
      staleSinceMs: undefined,
      unheard: false,
      asked: undefined,
      askedServes: false,
      askedCounts: true,
    }));
    const names = instances.map(({ name }) => name);
    this.#patience = new Patience(world, names, (what) => this.#fail(what));
    this.hearing = new Hearing(world, (what) => this.#fail(what));
    world.onHear = (node, heard) => {
      const { verdict, lookAfterwards } = this.hearing.hear(node, heard);
      if (verdict !== 'must not count') this.#patience.hear(node, heard, verdict === 'counts');
      return lookAfterwards;
    };
    world.onChange = () => this.#look();
  }

  /** Something goes wrong, or is repaired, now; what is on its way may still do harm. */
  disturb(): void {
    const { nodes, nowMs, inFlightUntilMs, clockSetAtMs } = this.#world;
    // What waits for one that stands still was signed by the clock of then: it may hear of it only now.
    const mayBeOld = clockSetAtMs !== Number.NEGATIVE_INFINITY && nodes.some(({ inbox }) => inbox.length > 0);
    const hearsAgainAtMs = (mayBeOld ? nowMs : clockSetAtMs) + this.#bounds.deaf;
    this.#quietSinceMs = Math.max(nowMs, inFlightUntilMs, hearsAgainAtMs, this.#quietSinceMs);
  }

  #look(): void {
    for (const node of this.#world.nodes) {
      this.#patience.look(node);
      this.#judgeGroups(node);
    }
    for (const watched of this.#watched) {
      this.#judgeDurations(watched);
      for (const node of this.#world.nodes) this.#judgeNode(watched, node);
      this.#judgeOwners(watched);
      this.#judgeNeighbour(watched);
    }
  }

  #judgeDurations(watched: Watched): void {
    const { ownerless, dual, unheardStale } = this.#bounds;
    this.#limit(watched, 'ownerless', watched.ownerlessSinceMs, ownerless);
    if (!this.#world.isCalm) return;
    this.#limit(watched, 'dual', watched.dualSinceMs, dual);
    const { unheard, staleSinceMs } = watched;
    this.#limit(watched, unheard ? 'unheard' : 'stale', staleSinceMs, unheard ? unheardStale : STALE_MS);
  }

  #limit(watched: Watched, kind: keyof Worst, sinceMs: number | undefined, limitMs: number): void {
    if (sinceMs === undefined) return;
    const forMs = this.#world.nowMs - Math.max(sinceMs, this.#quietSinceMs);
    if (forMs > this.worst[kind]) this.worst[kind] = forMs;
    if (forMs <= limitMs * SLACK) return;
    const what = KINDS[kind];
    this.#fail(`${watched.name}: ${what} for ${forMs.toFixed(1)} ms, ${limitMs.toFixed(1)} allowed`);
  }

  /** Members of a sync group: what one is all are, but for those that leave on their own. */
  #judgeGroups(node: Node): void {
    const { director } = node;
    if (node.paused || node.stopping || director instanceof KeepalivedLike) return;
    for (const { name, members } of node.spec.groups ?? []) {
      const there = members.flatMap((member) => director?.instances.get(member) ?? []);
      const states = new Set(there.filter(({ retiring }) => !retiring).map(({ router }) => router.state));
      if (states.size > 1)
        this.#fail(`${name}: on ${node.spec.name} its members are ${[...states].join(' and ')}`);
    }
  }

  #judgeNode(watched: Watched, node: Node): void {
    const seen = watched.seen[node.index]!;
    const state = stateOf(node, watched.name);
    const holds = node.holds.has(watched.vip);
    const { nowMs } = this.#world;
    if (state !== seen.state) {
      if (state === 'MASTER') this.#judgePreemption(watched, node, seen);
      seen.state = state;
      seen.sinceMs = nowMs;
    }
    if (holds && state !== 'MASTER' && state !== 'LEAVING' && state !== 'BACKUP')
      this.#fail(`${watched.name}: ${node.spec.name} has the address in ${state ?? 'no state'}`);
    if (!holds && state === 'MASTER' && !(node.director instanceof KeepalivedLike))
      this.#fail(`${watched.name}: ${node.spec.name} is MASTER without the address`);
    const lingers = holds && state === 'BACKUP' && !node.paused;
    if (!lingers) seen.lingersSinceMs = undefined;
    else seen.lingersSinceMs ??= nowMs;
    if (seen.lingersSinceMs !== undefined && nowMs - seen.lingersSinceMs > LINGER_MS * SLACK)
      this.#fail(`${watched.name}: ${node.spec.name} is BACKUP and keeps the address`);
  }

  /** Who may not preempt, or not yet, leaves a master alone that it has heard. */
  #judgePreemption({ name, seen }: Watched, node: Node, before: Seen): void {
    const own = node.settings.instances.find((instance) => instance.name === name);
    if (own === undefined || own.priority === 255 || before.state !== 'BACKUP') return;
    const waitedMs = this.#world.nowMs - before.sinceMs;
    const mayMs = Math.max(own.preemptDelayMs, node.knows ? 0 : (node.settings.preemptWaitMs ?? 0));
    if (!this.#world.isCalm || (own.preempt && waitedMs > mayMs)) return;
    // RFC 9568 has it believe any priority 0: of a rival that yields to priority 1, or one that came late.
    if (this.#patience.wasHastened(node, name)) return;
    for (const other of this.#world.nodes) {
      const { state, sinceMs } = seen[other.index]!;
      if (other === node || state !== 'MASTER' || !this.hearing.promises(node, other, name)) continue;
      const theirs = other.settings.instances.find((instance) => instance.name === name);
      if (theirs === undefined) continue;
      // The word of a rival that yields may come late, and it may have spoken faster.
      const settlesMs = theirs.advertMs === own.advertMs ? theirs.advertMs : this.#bounds.ownerless;
      const heardWithinMs = settlesMs * SLACK + this.#bounds.delay + SLACK_MS;
      const heardSinceMs = Math.max(sinceMs, before.sinceMs, node.knowsSinceMs, this.#quietSinceMs);
      if (this.#world.nowMs - heardSinceMs <= heardWithinMs) continue;
      this.#fail(`${name}: ${node.spec.name} preempts ${other.spec.name} after ${waitedMs.toFixed(1)} ms`);
    }
  }

  #judgeOwners(watched: Watched): void {
    let owners = 0;
    let masters = 0;
    let candidates = 0;
    for (const node of this.#world.nodes) {
      const reached = node.links.get(watched.device) === true;
      if (reached && node.holds.has(watched.vip)) owners++;
      if (reached && !node.paused && watched.seen[node.index]!.state === 'MASTER') masters++;
      if (reached && !node.paused && !node.stopping && isCandidate(watched.seen[node.index]!.state))
        candidates++;
    }
    const { nowMs } = this.#world;
    watched.ownerlessSinceMs =
      owners === 0 && candidates > 0 ? (watched.ownerlessSinceMs ?? nowMs) : undefined;
    watched.dualSinceMs = masters > 1 ? (watched.dualSinceMs ?? nowMs) : undefined;
  }

  #judgeNeighbour(watched: Watched): void {
    const { nowMs, nodes, isCalm } = this.#world;
    const asked = this.#world.asked(watched.vip);
    const served = asked?.holds.has(watched.vip) === true && asked.links.get(watched.device) === true;
    const state = asked && watched.seen[asked.index]!.state;
    const leaves = state === 'LEAVING' && !isRelieved(asked!, watched.name);
    const serves = served && (state === 'MASTER' || leaves);
    if (asked !== watched.asked || serves) watched.unheard = false;
    // It keeps the address for a moment after its last word: what counts is when that was said.
    if (asked !== undefined && asked === watched.asked && watched.askedServes && !serves) {
      // A member of a keepalived's sync group says nothing when the link of another one is lost.
      const isMute = asked.spec.keepalived !== undefined && state === 'FAULT';
      const gone = !asked.director || asked.paused || !asked.links.get(watched.device) || isMute;
      // Below priority 1 there is only priority 0 for a last word, which keepalived does not take for one.
      const tooLow = nodes.some(({ spec }) => spec.keepalived && spec.own.priority === 1);
      const settling = nowMs < this.#quietSinceMs;
      // Who is about to leave does not fight for an address that somebody takes away.
      const taken = state === 'LEAVING';
      watched.unheard = gone || taken || tooLow || settling || !isCalm || !watched.askedCounts;
    }
    watched.asked = asked;
    watched.askedServes = serves;
    if (asked !== undefined && serves) watched.askedCounts = this.#countsWithMasters(watched, asked);
    const better = nodes.some(
      (node) =>
        node.links.get(watched.device) === true &&
        node.holds.has(watched.vip) &&
        !node.paused &&
        watched.seen[node.index]!.state === 'MASTER',
    );
    watched.staleSinceMs = better && !served ? (watched.staleSinceMs ?? nowMs) : undefined;
  }

  /** One that leaves goes on with the keys that it had. */
  #countsWithMasters({ name, seen }: Watched, asked: Node): boolean {
    const masters = this.#world.nodes.filter(({ index }) => seen[index]!.state === 'MASTER');
    return masters.every((node) => node === asked || this.hearing.promises(node, asked, name));
  }

  #fail(what: string): never {
    throw new BrokenPromise(`at ${this.#world.nowMs.toFixed(1)}: ${what}`);
  }
}

/** Has said its last word. */
function isRelieved(node: Node, name: string): boolean {
  const router = instanceNamed(node, name)?.router;
  return router?.state === 'LEAVING' && router.relieved;
}
function isCandidate(state: State | undefined): boolean {
  return state === 'BACKUP' || state === 'MASTER' || state === 'LEAVING';
}
