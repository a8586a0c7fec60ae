// A seeded world of directors on two links and a client beside them: real electors, real packets, simulated
// time. The seed decides every loss, delay and duplicate, so a run can be had again. Nothing here knows what
// should happen.
import { type Address, familyOf } from '../../src/core/address.ts';
import { type Random, seededRandom } from '../../src/core/time.ts';
import type { Claimed } from '../../src/vrrp/claims.ts';
import { createElector, type Input, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type {
  ElectorCommand,
  ElectorReport,
  ElectorSettings,
  InstanceSettings,
  State,
  VirtualAddress,
} from '../../src/vrrp/settings.ts';
import { KeepalivedLike } from './keepalived-like.ts';
import {
  addressesOf,
  INSIDE,
  LINK,
  linkInput,
  type Node,
  type Spec,
  settingsOf,
  stateOf,
  wakesAtMs,
} from './node.ts';

export { INSIDE, instanceSettings, LINK, type Node, type Spec, stateOf, VIP } from './node.ts';

/** More than this in one go is a storm that would never end. */
const EVENTS_AT_ONCE = 100_000;
/** When worlds begin. */
const UTC_MS = 1_795_392_000_000;

type Delivery =
  | { atMs: number; to: Node; device: string; bytes: Buffer }
  | { atMs: number; to: Node; claim: Claimed };
/** Chances are of 1, times in ms. Reordering comes of delays that differ. */
export type Network = { loss: number; duplicates: number; delayMinMs: number; delayMaxMs: number };
export type Change = { atMs: number; node: string; state: State };
const CALM: Network = { loss: 0, duplicates: 0, delayMinMs: 0.1, delayMaxMs: 0.3 };

export class World {
  readonly trace: string[] = [];
  readonly changes: Change[] = [];
  readonly network: Network = { ...CALM };
  readonly nodes: readonly Node[];
  nowMs = 0;
  /** Since the last resetMeters: the longest time without an answer, and with two masters. */
  longestOutageMs = 0;
  longestDualMs = 0;
  /** Called whenever anything may have changed. */
  onChange: (() => void) | undefined;
  /** Called before a packet is heard. */
  onHear: ((node: Node, device: string, packet: Buffer) => void) | undefined;
  readonly #random: Random;
  readonly #cut = new Set<string>();
  readonly #deliveries: Delivery[] = [];
  /** Whom the client's ARP cache points at, for each address. */
  readonly #asked = new Map<Address, Node>();
  #unansweredSinceMs: number | undefined;
  #dualSinceMs: number | undefined;

  constructor(seed: number, specs: readonly Spec[]) {
    this.#random = seededRandom(seed);
    this.nodes = specs.map((spec, index) => ({
      index,
      spec,
      settings: settingsOf(spec),
      director: undefined,
      stopping: false,
      paused: false,
      inbox: [],
      reloads: false,
      links: new Map([LINK, INSIDE].map((name) => [name, true])),
      clockMs: 0,
      holds: new Set(),
    }));
  }

  /** The first: of it is measured how long nobody answers. */
  get vip(): Address {
    return this.nodes[0]!.settings.instances[0]!.vips[0]!.address;
  }
  get names(): string[] {
    return this.nodes.map((node) => node.spec.name);
  }
  /** Undefined: without power, or stopped. */
  state(name: string, instance = 'VI_1'): State | undefined {
    return stateOf(this.node(name), instance);
  }
  masters(instance = 'VI_1'): string[] {
    return this.names.filter((name) => this.state(name, instance) === 'MASTER');
  }
  holders(vip = this.vip): string[] {
    return this.names.filter((name) => this.node(name).holds.has(vip));
  }
  asked(vip: Address): Node | undefined {
    return this.#asked.get(vip);
  }
  get clientAsks(): string | undefined {
    return this.#asked.get(this.vip)?.spec.name;
  }
  /** Nothing is lost, late, cut or standing still. */
  get isCalm(): boolean {
    const { loss, duplicates, delayMaxMs } = this.network;
    const quiet = loss === 0 && duplicates === 0 && delayMaxMs <= CALM.delayMaxMs && this.#cut.size === 0;
    return quiet && this.nodes.every((node) => !node.paused);
  }
  /** When the last of what is on its way arrives. */
  get inFlightUntilMs(): number {
    return this.#deliveries.at(-1)?.atMs ?? this.nowMs;
  }

  start(name: string): void {
    const node = this.node(name);
    if (node.director) return;
    const { keepalived } = node.spec;
    node.director = keepalived
      ? new KeepalivedLike(node.settings.instances[0]!, node.spec.address, keepalived === 'last word')
      : createElector();
    node.stopping = false;
    this.#say(name, 'starts');
    for (const device of node.links.keys()) this.#feed(node, linkInput(node, device));
    this.command(name, { type: 'configure', settings: node.settings });
  }
  /** Power off: silent at once, nothing is tidied up. */
  crash(name: string): void {
    const node = this.node(name);
    this.#say(name, 'crashes');
    Object.assign(node, { director: undefined, paused: false, inbox: [], reloads: false, stopping: false });
    node.holds.clear();
    this.#measure();
  }
  pause(name: string): void {
    const node = this.node(name);
    if (!node.director || node.paused) return;
    this.#say(name, 'is paused');
    node.paused = true;
    this.#measure();
  }
  resume(name: string): void {
    const node = this.node(name);
    if (!node.paused) return;
    this.#say(name, 'runs again');
    node.paused = false;
    for (const device of node.links.keys()) this.#feed(node, linkInput(node, device));
    for (const { device, bytes } of node.inbox.splice(0)) this.#hear(node, device, bytes);
    if (node.reloads) this.command(name, { type: 'configure', settings: node.settings });
    node.reloads = false;
    this.#feed(node, { type: 'wake' });
  }
  command(name: string, command: ElectorCommand): void {
    const node = this.node(name);
    if (node.paused) return;
    if (command.type === 'stop') node.stopping = true;
    this.#feed(node, { type: 'command', command });
  }
  /** A reload with other settings; they are also those of the next start. */
  reconfigure(name: string, own: Partial<InstanceSettings>): void {
    this.reload(name, { own: { ...this.node(name).spec.own, ...own } });
  }
  reload(name: string, changed: Partial<Pick<Spec, 'own' | 'more'>>): void {
    const node = this.node(name);
    node.spec = { ...node.spec, ...changed };
    node.settings = settingsOf(node.spec);
    node.reloads = node.paused;
    this.command(name, { type: 'configure', settings: node.settings });
  }
  /** A reload with something else than its own settings. */
  configure(name: string, settings: ElectorSettings): void {
    this.command(name, { type: 'configure', settings });
  }
  link(name: string, up: boolean, device = LINK): void {
    const node = this.node(name);
    if (node.links.get(device) === up) return;
    this.#say(name, `${device === LINK ? '' : `${device} `}link ${up ? 'up' : 'down'}`);
    node.links.set(device, up);
    if (!node.paused) this.#feed(node, linkInput(node, device));
    this.#measure();
  }
  /** Sets its UTC this far from the right one; only signatures depend on it. */
  clock(name: string, offMs: number): void {
    this.#say(name, `clock ${Math.round(offMs)} ms off`);
    this.node(name).clockMs = offMs;
  }
  /** Somebody else takes an address away. */
  takeAddress(name: string, vip: Address): void {
    const node = this.node(name);
    if (node.paused || node.spec.keepalived || !node.holds.delete(vip)) return;
    this.#say(name, `${vip} is taken away`);
    this.#feed(node, { type: 'vipGone', interface: LINK, address: vip });
  }
  /** What `from` says no longer reaches `to`; both still reach the client. */
  cut(from: string, to: string, device = LINK): void {
    this.#cut.add(pathOf(this.node(from), this.node(to), device));
  }
  heal(): void {
    this.#cut.clear();
    Object.assign(this.network, CALM);
  }
  resetMeters(): void {
    this.longestOutageMs = 0;
    this.longestDualMs = 0;
    if (this.#unansweredSinceMs !== undefined) this.#unansweredSinceMs = this.nowMs;
    if (this.#dualSinceMs !== undefined) this.#dualSinceMs = this.nowMs;
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let events = 0; ; events++) {
      if (events > EVENTS_AT_ONCE) throw new Error(`no end of events at ${this.nowMs.toFixed(1)}`);
      const delivery = this.#deliveries[0];
      let nextMs = delivery?.atMs ?? Number.POSITIVE_INFINITY;
      let due: Node | undefined;
      for (const node of this.nodes) {
        const atMs = wakesAtMs(node);
        if (atMs >= nextMs) continue;
        nextMs = atMs;
        due = node;
      }
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (due) this.#feed(due, { type: 'wake' });
      else this.#deliver(this.#deliveries.shift()!);
    }
    this.nowMs = untilMs;
    this.#measure();
  }

  node(name: string): Node {
    const node = this.nodes.find(({ spec }) => spec.name === name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  }
  #feed(node: Node, input: Input): void {
    const { director, spec } = node;
    if (!director) return;
    let localMs = this.nowMs * (1 + (spec.drift ?? 0));
    // What its clock is asked to do at a moment is not asked again for the rounding of a drift.
    if (input.type === 'wake' && spec.drift) localMs += 1e-6;
    const actions =
      director instanceof KeepalivedLike
        ? director.feed(input, localMs)
        : stepElector(director, input, localMs, UTC_MS + this.nowMs + node.clockMs);
    for (const action of actions) this.#perform(node, action);
    this.#measure();
  }
  #perform(node: Node, action: Action): void {
    switch (action.do) {
      case 'send':
        if (!node.links.get(action.interface)) return;
        for (const to of this.nodes)
          if (
            to !== node &&
            (isMulticast(action.to) || addressesOf(to, action.interface).includes(action.to))
          )
            this.#send(node, to, action.interface, action.packet);
        return;
      case 'addVips':
        for (const vip of action.vips) node.holds.add(vip.address);
        return;
      case 'removeVips':
        for (const vip of action.vips) node.holds.delete(vip.address);
        return;
      case 'announce':
        for (const vip of action.vips) if (node.links.get(vip.interface)) this.#asked.set(vip.address, node);
        return;
      case 'ask':
        return this.#ask(node, action.vip);
      case 'report':
        this.#record(node, action.report);
        return;
    }
  }
  #record(node: Node, report: ElectorReport): void {
    const { name } = node.spec;
    if (report.type === 'state') {
      this.changes.push({ atMs: this.nowMs, node: name, state: report.to });
      const which = report.instance === 'VI_1' ? '' : `${report.instance} `;
      this.#say(name, `${which}${report.from} → ${report.to} (${report.reason})`);
    } else if (report.type === 'drill') this.#say(name, `drill: ${report.step}`);
    else if (report.type === 'notice') this.#say(name, report.notice.message);
    else if (report.type === 'stopped') {
      this.#say(name, 'stopped');
      node.director = undefined;
    }
  }
  #send(from: Node, to: Node, device: string, bytes: Buffer): void {
    const { loss, duplicates, delayMinMs, delayMaxMs } = this.network;
    const copies = this.#random() < duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() < loss) continue;
      if (this.#cut.has(pathOf(from, to, device))) continue;
      const atMs = this.nowMs + delayMinMs + this.#random() * (delayMaxMs - delayMinMs);
      this.#later({ atMs, to, device, bytes });
    }
  }
  #later(delivery: Delivery): void {
    let at = this.#deliveries.length;
    while (at > 0 && this.#deliveries[at - 1]!.atMs > delivery.atMs) at--;
    this.#deliveries.splice(at, 0, delivery);
  }
  /** The kernel of whoever has it answers, also while its director stands still; what is lost differs. */
  #ask(from: Node, { address: vip, interface: device }: VirtualAddress): void {
    const { loss, delayMinMs } = this.network;
    if (!from.links.get(device)) return;
    for (const to of this.nodes) {
      if (to === from || !to.links.get(device) || !to.holds.has(vip)) continue;
      if (this.#cut.has(pathOf(from, to, device)) || this.#cut.has(pathOf(to, from, device))) continue;
      if (loss > 0 && this.#random() < loss) continue;
      const claim = { interface: device, address: vip, mac: to.spec.name };
      this.#later({ atMs: this.nowMs + 2 * delayMinMs, to: from, claim });
    }
  }
  #deliver(delivery: Delivery): void {
    const { to } = delivery;
    if ('claim' in delivery) {
      if (to.director && !to.paused) this.#feed(to, { type: 'claim', ...delivery.claim });
      return;
    }
    const { device, bytes } = delivery;
    if (!to.director || !to.links.get(device)) return;
    if (to.paused) to.inbox.push({ device, bytes });
    else this.#hear(to, device, bytes);
  }
  #hear(node: Node, device: string, bytes: Buffer): void {
    this.onHear?.(node, device, bytes);
    this.#feed(node, { type: 'packet', interface: device, bytes });
  }

  /** A paused director's kernel goes on forwarding: what counts is who has the address. */
  #measure(): void {
    const asked = this.#asked.get(this.vip);
    const answered = asked?.holds.has(this.vip) && asked.links.get(LINK);
    if (this.#unansweredSinceMs !== undefined)
      this.longestOutageMs = Math.max(this.longestOutageMs, this.nowMs - this.#unansweredSinceMs);
    this.#unansweredSinceMs = answered ? undefined : (this.#unansweredSinceMs ?? this.nowMs);
    let masters = 0;
    for (const node of this.nodes) if (stateOf(node, 'VI_1') === 'MASTER') masters++;
    if (this.#dualSinceMs !== undefined)
      this.longestDualMs = Math.max(this.longestDualMs, this.nowMs - this.#dualSinceMs);
    this.#dualSinceMs = masters > 1 ? (this.#dualSinceMs ?? this.nowMs) : undefined;
    this.onChange?.();
  }
  #say(name: string, what: string): void {
    this.trace.push(`${this.nowMs.toFixed(1).padStart(9)} ${name}: ${what}`);
  }
}

function isMulticast(to: Address): boolean {
  return familyOf(to) === 6 ? to.startsWith('ff') : to.startsWith('224.');
}

function pathOf(from: Node, to: Node, device: string): string {
  return `${from.index} ${to.index} ${device}`;
}
