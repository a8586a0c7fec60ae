// Nobody may be too soon, in any simulated world: a backup waits its time after the last word of a master, a
// master that leaves waits to be relieved, and who stood still listens first. Reckons from what is delivered
// to whom, by the formulas of RFC 9568 §6.1 written out again. How late one may be is judge.ts.
import { headerLengthOf } from '../../src/vrrp/envelope.ts';
import { RESIGNED, vridOf } from '../../src/vrrp/packet.ts';
import type { Purpose } from '../../src/vrrp/router.ts';
import type { InstanceSettings, State } from '../../src/vrrp/settings.ts';
import { LINGER_MS } from '../../src/vrrp/timing.ts';
import { KeepalivedLike } from './keepalived-like.ts';
import { type Heard, instanceNamed, routerOf } from './node.ts';
import { type Node, stateOf, type World } from './world.ts';

/** Clocks that drift. */
const SLACK = 0.99;
const LATE_MS = 5;

type Waits = {
  state: State | undefined;
  sinceMs: number;
  /** A backup's: since the last advert that counts; and since a master resigned after that. */
  silentSinceMs: number;
  resignedAtMs: number | undefined;
  /** The same, if nothing else was heard since. */
  hastenedAtMs: number | undefined;
  /** It was so when it entered its state. */
  wasHastened: boolean;
  /** The shortest of those it may reckon with, the last that it heard, the longest ever. */
  intervalMs: number;
  heardIntervalMs: number;
  slowestMs: number;
  /** As it runs with them, or did last. */
  own: InstanceSettings | undefined;
  /** Of one that leaves, and another master's advert since. */
  purpose: Purpose['for'];
  relievedAtMs: number | undefined;
};

export class Patience {
  readonly #world: World;
  readonly #fail: (what: string) => never;
  readonly #waits = new Map<Node, Map<string, Waits>>();
  readonly #pausedSinceMs = new Map<Node, number>();
  readonly #mastersPaused = new Map<Node, Set<string>>();

  constructor(world: World, names: readonly string[], fail: (what: string) => never) {
    this.#world = world;
    this.#fail = fail;
    for (const node of world.nodes) this.#waits.set(node, new Map(names.map((name) => [name, unborn()])));
  }

  look(node: Node): void {
    let relievedAtMs: number | undefined;
    for (const [name, waits] of this.#waits.get(node)!) {
      const state = stateOf(node, name);
      if (state !== waits.state) {
        relievedAtMs ??= this.#relievedAtMs(node);
        waits.own = runningSettings(node).find((own) => own.name === name) ?? waits.own;
        if (waits.own !== undefined) this.#judge(node, waits.own, { ...waits, relievedAtMs }, state);
        this.#enter(waits, state);
      }
      if (state === 'BACKUP') this.#judgeResigned(node, name, waits);
      if (state === 'LEAVING') waits.purpose = purposeOf(node, name) ?? waits.purpose;
    }
    this.#judgePause(node);
  }

  /** Its state is what follows when nothing is heard but that a master goes. */
  wasHastened(node: Node, name: string): boolean {
    return this.#waits.get(node)!.get(name)!.wasHastened;
  }

  /** `isSure`: it counts; else it may, and nothing is promised for it. */
  hear(node: Node, heard: Heard, isSure: boolean): void {
    const own = settingsOfAdvert(node, heard);
    if (own === undefined) return;
    const waits = this.#waits.get(node)!.get(own.name)!;
    // In a sync group its own link may be up all the same.
    if (node.spec.keepalived !== undefined && waits.state === 'FAULT') return;
    const message = heard.bytes.subarray(headerLengthOf(heard.bytes));
    const [, , priority = RESIGNED] = message;
    waits.heardIntervalMs = own.version === 3 ? 10 * (message.readUInt16BE(4) & 0xfff) : own.advertMs;
    waits.intervalMs = Math.min(waits.intervalMs, waits.heardIntervalMs);
    waits.slowestMs = Math.max(waits.slowestMs, waits.heardIntervalMs);
    const { nowMs } = this.#world;
    if (priority !== RESIGNED) waits.relievedAtMs ??= nowMs;
    if (priority !== RESIGNED) waits.hastenedAtMs = undefined;
    else if (isSure) waits.hastenedAtMs ??= nowMs;
    if (priority === RESIGNED) waits.resignedAtMs ??= nowMs;
    else if (isSure && priority >= own.priority)
      Object.assign(waits, { silentSinceMs: nowMs, resignedAtMs: undefined });
  }

  #judge(node: Node, own: InstanceSettings, waits: Waits, to: State | undefined): void {
    const { name } = own;
    const { nowMs } = this.#world;
    const waitedMs = nowMs - waits.sinceMs;
    if (waits.state === 'BACKUP' && to === 'MASTER') {
      const silenceMs = waits.silentSinceMs + downTime(own, waits.intervalMs) * SLACK;
      const resignedMs = (waits.resignedAtMs ?? nowMs) + skew(own, waits.intervalMs) * SLACK;
      const earlyMs =
        waits.resignedAtMs === undefined ? silenceMs - nowMs : Math.min(silenceMs, resignedMs) - nowMs;
      if (earlyMs > 0) this.#fail(`${name}: ${node.spec.name} takes over ${earlyMs.toFixed(1)} ms too soon`);
    }
    if (waits.state !== 'LEAVING' || to === 'FAULT') return;
    const isCrash = node.director === undefined && !node.stopping;
    if (isCrash || [...node.links.values()].includes(false)) return;
    const peerWaitsMs = own.downAdverts * own.advertMs + skewOfWorst(own);
    const listens = { stop: 0, drill: peerWaitsMs, pause: own.advertMs }[waits.purpose];
    if (to === 'MASTER' && waitedMs < listens * SLACK)
      this.#fail(`${name}: ${node.spec.name} listens for ${waitedMs.toFixed(1)} ms only`);
    if (to === 'BACKUP' && waits.relievedAtMs === undefined)
      this.#fail(`${name}: ${node.spec.name} is relieved by nobody`);
    const lingeredMs = nowMs - (waits.relievedAtMs ?? Number.POSITIVE_INFINITY);
    if (to === undefined && lingeredMs < LINGER_MS * SLACK && waitedMs < peerWaitsMs * SLACK)
      this.#fail(`${name}: ${node.spec.name} leaves after ${waitedMs.toFixed(1)} ms`);
  }
  /** The other way round: who heard nothing but that a master goes does not wait for more than the skew. */
  #judgeResigned(node: Node, name: string, waits: Waits): void {
    const { own, hastenedAtMs } = waits;
    if (node.director instanceof KeepalivedLike) return; // one that comes twice puts it off
    const isOwn = runningSettings(node).includes(own!); // a reload begins anew
    if (own === undefined || hastenedAtMs === undefined || !isOwn) return;
    if (node.paused || this.#pausedSinceMs.has(node) || node.spec.groups?.length) return;
    const lateMs =
      this.#world.nowMs - hastenedAtMs - skew(own, Math.max(own.advertMs, waits.slowestMs)) / SLACK;
    if (lateMs > LATE_MS)
      this.#fail(`${name}: ${node.spec.name} takes over ${lateMs.toFixed(1)} ms too late`);
  }

  /** Sync groups are relieved together. */
  #relievedAtMs(node: Node): number | undefined {
    const heard = [...this.#waits.get(node)!.values()].flatMap(({ relievedAtMs }) => relievedAtMs ?? []);
    return heard.length > 0 ? Math.min(...heard) : undefined;
  }

  #enter(waits: Waits, state: State | undefined): void {
    const { nowMs } = this.#world;
    const intervalMs = Math.min(waits.own?.advertMs ?? waits.heardIntervalMs, waits.heardIntervalMs);
    const wasHastened = waits.hastenedAtMs !== undefined;
    const fresh = { wasHastened, resignedAtMs: undefined, hastenedAtMs: undefined, relievedAtMs: undefined };
    Object.assign(waits, { state, sinceMs: nowMs, silentSinceMs: nowMs, intervalMs, ...fresh });
  }

  #mastersOf(node: Node): Set<string> {
    const names = [...this.#waits.get(node)!.keys()];
    return new Set(names.filter((name) => stateOf(node, name) === 'MASTER'));
  }
  #judgePause(node: Node): void {
    const { nowMs } = this.#world;
    const since = this.#pausedSinceMs.get(node);
    if (node.paused) {
      if (since === undefined) {
        this.#pausedSinceMs.set(node, nowMs);
        this.#mastersPaused.set(node, this.#mastersOf(node));
      }
      return;
    }
    if (since === undefined) return;
    this.#pausedSinceMs.delete(node);
    for (const waits of this.#waits.get(node)!.values()) waits.hastenedAtMs = undefined;
    if (node.director instanceof KeepalivedLike) return;
    for (const own of node.settings.instances) {
      const silentMs = nowMs - since;
      const isLong = silentMs * SLACK > own.downAdverts * own.advertMs + skewOfWorst(own);
      // An owner whose link came back meanwhile does not wait for anybody.
      const wasMaster = this.#mastersPaused.get(node)!.has(own.name);
      if (isLong && wasMaster && stateOf(node, own.name) === 'MASTER')
        this.#fail(`${own.name}: ${node.spec.name} speaks again after ${silentMs.toFixed(0)} ms`);
    }
  }
}

function unborn(): Waits {
  const never = Number.POSITIVE_INFINITY;
  const waits = { state: undefined, own: undefined, sinceMs: 0, silentSinceMs: 0 };
  return {
    ...waits,
    purpose: 'stop',
    wasHastened: false,
    intervalMs: never,
    heardIntervalMs: never,
    slowestMs: 0,
    resignedAtMs: undefined,
    hastenedAtMs: undefined,
    relievedAtMs: undefined,
  };
}
/** A reload may wait for one that is paused. */
function runningSettings({ director, settings }: Node): readonly InstanceSettings[] {
  if (director === undefined || director instanceof KeepalivedLike) return settings.instances;
  return [...director.instances.values()].map(({ own }) => own);
}
function skew({ version, priority }: InstanceSettings, intervalMs: number): number {
  return ((256 - priority) / 256) * (version === 2 ? 1000 : intervalMs);
}
function skewOfWorst(own: InstanceSettings): number {
  return skew({ ...own, priority: 0 }, own.advertMs);
}
function downTime(own: InstanceSettings, intervalMs: number): number {
  return own.downAdverts * intervalMs + skew(own, intervalMs);
}
function settingsOfAdvert(node: Node, heard: Heard): InstanceSettings | undefined {
  if (!(node.director instanceof KeepalivedLike)) return routerOf(node, heard)?.own;
  return node.settings.instances.find(({ vrid }) => vrid === vridOf(heard.bytes));
}
function purposeOf(node: Node, name: string): Purpose['for'] | undefined {
  const router = instanceNamed(node, name)?.router;
  return router?.state === 'LEAVING' ? router.purpose.for : undefined;
}
