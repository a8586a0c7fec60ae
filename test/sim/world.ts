// A seeded world of directors on two links and a client beside them: real electors, real packets, simulated
// time. The seed decides every loss, delay and duplicate, so a run can be had again. Nothing here knows what
// should happen.
import { type Address, familyOf } from '../../src/core/address.ts';
import { seededRandom } from '../../src/core/time.ts';
import { createElector, type Input, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type { Question } from '../../src/vrrp/questions.ts';
import type {
  ElectorCommand,
  ElectorReport,
  ElectorSettings,
  InstanceSettings,
  State,
} from '../../src/vrrp/settings.ts';
import { KeepalivedLike } from './keepalived-like.ts';
import {
  addressesFrom,
  addressesOf,
  type Heard,
  INSIDE,
  LINK,
  lifeOf,
  linkInput,
  type Node,
  type Sent,
  type Spec,
  senderOf,
  settingsOf,
  stateOf,
  wakesAtMs,
} from './node.ts';
import { windowMs } from './secrets.ts';
import { type Delivery, Wires } from './wires.ts';

export { INSIDE, instanceSettings, LINK, type Node, type Spec, stateOf, VIP } from './node.ts';

/** More than this in one go is a storm that would never end. */
const EVENTS_AT_ONCE = 100_000;
/** When worlds begin. */
const UTC_MS = 1_795_392_000_000;

export type Change = { atMs: number; node: string; state: State };

export class World {
  readonly trace: string[] = [];
  readonly changes: Change[] = [];
  readonly nodes: readonly Node[];
  nowMs = 0;
  /** Since the last resetMeters: the longest time without an answer, and with two masters. */
  longestOutageMs = 0;
  longestDualMs = 0;
  /** Called whenever anything may have changed. */
  onChange: (() => void) | undefined;
  /** Called before an advert is heard; what it returns is called afterwards. */
  onHear: ((node: Node, heard: Heard) => () => void) | undefined;
  /** When a clock was set last. */
  clockSetAtMs = Number.NEGATIVE_INFINITY;
  readonly #wires: Wires;
  /** Whom the client's ARP cache points at, for each address. */
  readonly #asked = new Map<Address, Node>();
  #unansweredSinceMs: number | undefined;
  #dualSinceMs: number | undefined;
  #sent = 0;

  constructor(seed: number, specs: readonly Spec[]) {
    this.#wires = new Wires(seededRandom(seed));
    this.nodes = specs.map((spec, index) => ({
      index,
      spec,
      settings: settingsOf(spec),
      director: undefined,
      stopping: false,
      paused: false,
      inbox: [],
      reloads: false,
      addresses: addressesFrom(spec.address),
      links: new Map([LINK, INSIDE].map((name) => [name, true])),
      knows: false,
      knowsSinceMs: 0,
      clockMs: 0,
      lives: new WeakMap(),
      senders: new Map(),
      holds: new Set(),
    }));
  }

  get network(): Wires['network'] {
    return this.#wires.network;
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
  /** As its clock says. */
  utcOf(name: string): number {
    return UTC_MS + this.nowMs + this.node(name).clockMs;
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
  /** Nothing is lost, late, cut or standing still, and everybody believes everybody. */
  get isCalm(): boolean {
    return this.#wires.isCalm && this.nodes.every((node) => !node.paused && !isDoubtful(node));
  }
  /** When the last of what is on its way arrives. */
  get inFlightUntilMs(): number {
    return this.#wires.last?.atMs ?? this.nowMs;
  }

  start(name: string): void {
    const node = this.node(name);
    if (node.director) return;
    const { keepalived } = node.spec;
    const members = () =>
      node.settings.instances.map((own) => ({ own, source: addressesOf(node, own.interface)[0]! }));
    node.director = keepalived ? new KeepalivedLike(members(), keepalived === 'last word') : createElector();
    Object.assign(node, { stopping: false, knows: false, knowsSinceMs: this.nowMs });
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
    for (const heard of node.inbox.splice(0)) this.#hear(node, heard);
    if (node.reloads) this.command(name, { type: 'configure', settings: node.settings });
    node.reloads = false;
    this.#feed(node, { type: 'wake' });
  }
  command(name: string, command: ElectorCommand): void {
    const node = this.node(name);
    if (node.paused) return;
    if (command.type === 'stop') node.stopping = true;
    // Who is without keys remembers nothing.
    if (command.type === 'configure' && !command.settings.instances.some(({ hmac }) => hmac))
      node.lives = new WeakMap();
    this.#feed(node, { type: 'command', command });
  }
  /** Its balancer has learned what the peer forwards, or has lost it. */
  learn(name: string, known: boolean): void {
    const node = this.node(name);
    if (!node.director || node.paused || node.knows === known) return;
    this.#say(name, `${known ? 'knows' : 'does not know'} the connections`);
    Object.assign(node, { knows: known, knowsSinceMs: this.nowMs });
    this.command(name, { type: 'connections', known });
  }
  /** A reload with other settings; they are also those of the next start. */
  reconfigure(name: string, own: Partial<InstanceSettings>): void {
    this.reload(name, { own: { ...this.node(name).spec.own, ...own } });
  }
  reload(name: string, changed: Partial<Pick<Spec, 'own' | 'more' | 'signing'>>): void {
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
    this.clockSetAtMs = this.nowMs;
  }
  /** Somebody who is no director sends an advert to one. */
  inject(name: string, heard: Heard): void {
    this.#receive(this.node(name), heard);
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
    this.#wires.cut(this.node(from), this.node(to), device);
  }
  heal(): void {
    this.#wires.heal();
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
      let nextMs = this.#wires.next?.atMs ?? Number.POSITIVE_INFINITY;
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
      else this.#deliver(this.#wires.take());
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
        if (node.links.get(action.interface)) this.#send(node, action);
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
        return this.#ask(node, action.question);
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
  #send(from: Node, { interface: device, to: address, packet: bytes }: Action & { do: 'send' }): void {
    const router = senderOf(from, { device, bytes });
    const life = router ? lifeOf(from, router) : from;
    const sent: Sent = { from, own: router?.own, life, serial: this.#sent++, atMs: this.nowMs };
    for (const to of this.nodes)
      if (to !== from && (isMulticast(address) || addressesOf(to, device).includes(address)))
        this.#wires.carry(to, { device, bytes, sent }, this.nowMs);
  }
  /** The kernel of whoever has it answers, also while its director stands still; what is lost differs. */
  #ask(from: Node, { address: asked, interface: device }: Question): void {
    if (!from.links.get(device)) return;
    for (const to of this.nodes) {
      if (to === from || !to.links.get(device)) continue;
      if (!to.holds.has(asked) && !addressesOf(to, device).includes(asked)) continue;
      this.#wires.answer(to, from, { interface: device, address: asked, mac: to.spec.name }, this.nowMs);
    }
  }
  #deliver(delivery: Delivery): void {
    const { to } = delivery;
    if ('claim' in delivery) {
      if (to.director && !to.paused) this.#feed(to, { type: 'claim', ...delivery.claim });
      return;
    }
    this.#receive(to, delivery.heard);
  }
  #receive(node: Node, heard: Heard): void {
    if (!node.director || !node.links.get(heard.device)) return;
    if (node.paused) node.inbox.push(heard);
    else this.#hear(node, heard);
  }
  #hear(node: Node, heard: Heard): void {
    const lookAfterwards = this.onHear?.(node, heard);
    this.#feed(node, { type: 'packet', interface: heard.device, bytes: heard.bytes });
    lookAfterwards?.();
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

/** Its adverts may be dropped, for its keys or its clock; a window is counted in whole seconds of either. */
function isDoubtful({ spec: { signing }, clockMs }: Node): boolean {
  const apartMs = (windowMs(signing) ?? Number.POSITIVE_INFINITY) - 1000;
  return signing?.stranger === true || Math.abs(clockMs) > apartMs / 2;
}

function isMulticast(to: Address): boolean {
  return familyOf(to) === 6 ? to.startsWith('ff') : to.startsWith('224.');
}
