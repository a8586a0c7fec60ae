// A seeded world of directors on one link and a client beside it: real electors, real packets, simulated
// time. The seed decides every loss, delay and duplicate, so a run can be had again. Nothing here knows what
// should happen.
import { type Address, address } from '../../src/core/address.ts';
import { type Random, seededRandom } from '../../src/core/time.ts';
import {
  createElector,
  type Elector,
  type Input,
  nextDeadlineMs,
  stepElector,
} from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type {
  ElectorCommand,
  ElectorReport,
  ElectorSettings,
  InstanceSettings,
  State,
} from '../../src/vrrp/settings.ts';

export const LINK = 'eth0';
export const VIP = address('10.0.0.50');
const GROUP = address('224.0.0.18');
/** When worlds begin. */
const UTC_MS = 1_795_392_000_000;

export type Spec = { name: string; address: Address; own: Partial<InstanceSettings> };
type Node = {
  spec: Spec;
  settings: ElectorSettings;
  /** Undefined: without power. */
  elector: Elector | undefined;
  /** Stopped by a signal or its hypervisor: packets wait in its socket. */
  paused: boolean;
  inbox: Buffer[];
  linkUp: boolean;
  /** How far its UTC is from the right one. */
  clockMs: number;
  holdsVip: boolean;
};
type Delivery = { atMs: number; to: Node; bytes: Buffer };
/** Chances are of 1, times in ms. Reordering comes of delays that differ. */
export type Network = { loss: number; duplicates: number; delayMinMs: number; delayMaxMs: number };
export type Change = { atMs: number; node: string; state: State };

export function instanceSettings(own: Partial<InstanceSettings>): InstanceSettings {
  return {
    name: 'VI_1',
    interface: LINK,
    vrid: 51,
    priority: 100,
    version: 3,
    advertMs: 1000,
    downAdverts: 3,
    checksumForm: 'pseudo-header',
    initialState: 'BACKUP',
    preempt: true,
    preemptDelayMs: 0,
    multicastGroup: GROUP,
    unicastPeers: [],
    vips: [{ address: VIP, prefixLength: 24, interface: LINK, scope: 0 }],
    excludedVips: [],
    trackInterfaces: [],
    weightedInterfaces: [],
    tracks: [],
    garp: { delayMs: 5000, repeat: 5, refreshMs: 60_000, refreshRepeat: 1 },
    ...own,
  };
}

export class World {
  readonly trace: string[] = [];
  readonly changes: Change[] = [];
  readonly network: Network = { loss: 0, duplicates: 0, delayMinMs: 0.1, delayMaxMs: 0.3 };
  nowMs = 0;
  /** Since the last resetMeters: the longest time without an answer, and with two masters. */
  longestOutageMs = 0;
  longestDualMs = 0;
  readonly #random: Random;
  readonly #nodes = new Map<string, Node>();
  readonly #cut = new Set<string>();
  #deliveries: Delivery[] = [];
  /** Whom the client's ARP cache points at. */
  #clientAsks: Node | undefined;
  #unansweredSinceMs: number | undefined;
  #dualSinceMs: number | undefined;

  constructor(seed: number, specs: readonly Spec[]) {
    this.#random = seededRandom(seed);
    for (const spec of specs) {
      const instances = [instanceSettings(spec.own)];
      const settings: ElectorSettings = {
        instances,
        realtimePriority: 0,
        leaseSeconds: 5,
        addresses: 'kernel',
      };
      const off = { elector: undefined, paused: false, inbox: [], linkUp: true, clockMs: 0, holdsVip: false };
      this.#nodes.set(spec.name, { spec, settings, ...off });
    }
  }

  get names(): string[] {
    return [...this.#nodes.keys()];
  }
  /** Undefined: without power, or stopped. */
  state(name: string): State | undefined {
    return this.#node(name).elector?.instances.get('VI_1')?.router.state;
  }
  masters(): string[] {
    return this.names.filter((name) => this.state(name) === 'MASTER');
  }
  holders(): string[] {
    return this.names.filter((name) => this.#node(name).holdsVip);
  }
  get clientAsks(): string | undefined {
    return this.#clientAsks?.spec.name;
  }

  start(name: string): void {
    const node = this.#node(name);
    if (node.elector) return;
    node.elector = createElector();
    this.#say(name, 'starts');
    this.#feed(node, this.#linkOf(node));
    this.command(name, { type: 'configure', settings: node.settings });
  }
  /** Power off: silent at once, nothing is tidied up. */
  crash(name: string): void {
    const node = this.#node(name);
    this.#say(name, 'crashes');
    Object.assign(node, { elector: undefined, paused: false, inbox: [], holdsVip: false });
    this.#measure();
  }
  pause(name: string): void {
    const node = this.#node(name);
    if (!node.elector || node.paused) return;
    this.#say(name, 'is paused');
    node.paused = true;
  }
  resume(name: string): void {
    const node = this.#node(name);
    if (!node.paused) return;
    this.#say(name, 'runs again');
    node.paused = false;
    this.#feed(node, this.#linkOf(node));
    for (const bytes of node.inbox.splice(0)) this.#feed(node, { type: 'packet', interface: LINK, bytes });
    this.#feed(node, { type: 'wake' });
  }
  command(name: string, command: ElectorCommand): void {
    const node = this.#node(name);
    if (!node.paused) this.#feed(node, { type: 'command', command });
  }
  /** A reload with other settings; they are also those of the next start. */
  reconfigure(name: string, own: Partial<InstanceSettings>): void {
    const node = this.#node(name);
    node.spec = { ...node.spec, own: { ...node.spec.own, ...own } };
    node.settings = { ...node.settings, instances: [instanceSettings(node.spec.own)] };
    this.command(name, { type: 'configure', settings: node.settings });
  }
  link(name: string, up: boolean): void {
    const node = this.#node(name);
    if (node.linkUp === up) return;
    this.#say(name, up ? 'link up' : 'link down');
    node.linkUp = up;
    if (!node.paused) this.#feed(node, this.#linkOf(node));
  }
  /** Sets its UTC this far from the right one; only signatures depend on it. */
  clock(name: string, offMs: number): void {
    this.#say(name, `clock ${Math.round(offMs)} ms off`);
    this.#node(name).clockMs = offMs;
  }
  /** What `from` says no longer reaches `to`; both still reach the client. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from} ${to}`);
  }
  heal(): void {
    this.#cut.clear();
    Object.assign(this.network, { loss: 0, duplicates: 0, delayMinMs: 0.1, delayMaxMs: 0.3 });
  }
  resetMeters(): void {
    this.longestOutageMs = 0;
    this.longestDualMs = 0;
    if (this.#unansweredSinceMs !== undefined) this.#unansweredSinceMs = this.nowMs;
    if (this.#dualSinceMs !== undefined) this.#dualSinceMs = this.nowMs;
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const delivery = this.#deliveries[0];
      let nextMs = delivery?.atMs ?? Number.POSITIVE_INFINITY;
      let due: Node | undefined;
      for (const node of this.#nodes.values()) {
        if (!node.elector || node.paused) continue;
        const atMs = nextDeadlineMs(node.elector);
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

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  }
  #linkOf(node: Node): Input {
    return { type: 'link', interface: LINK, link: { up: node.linkUp, addresses: [node.spec.address] } };
  }
  #feed(node: Node, input: Input): void {
    if (!node.elector) return;
    const wallMs = UTC_MS + this.nowMs + node.clockMs;
    for (const action of stepElector(node.elector, input, this.nowMs, wallMs)) this.#perform(node, action);
    this.#measure();
  }
  #perform(node: Node, action: Action): void {
    switch (action.do) {
      case 'send':
        if (node.linkUp)
          for (const to of this.#nodes.values()) if (to !== node) this.#send(node, to, action.packet);
        return;
      case 'addVips':
        node.holdsVip = true;
        return;
      case 'removeVips':
        node.holdsVip = false;
        return;
      case 'announce':
        if (node.linkUp) this.#clientAsks = node;
        return;
      case 'report':
        this.#record(node, action.report);
        return;
    }
  }
  #record(node: Node, report: ElectorReport): void {
    const { name } = node.spec;
    if (report.type === 'state') {
      this.changes.push({ atMs: this.nowMs, node: name, state: report.to });
      this.#say(name, `${report.from} → ${report.to} (${report.reason})`);
    } else if (report.type === 'drill') this.#say(name, `drill: ${report.step}`);
    else if (report.type === 'notice') this.#say(name, report.notice.message);
    else if (report.type === 'stopped') {
      this.#say(name, 'stopped');
      node.elector = undefined;
    }
  }
  #send(from: Node, to: Node, bytes: Buffer): void {
    const { loss, duplicates, delayMinMs, delayMaxMs } = this.network;
    const copies = this.#random() < duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() < loss) continue;
      if (this.#cut.has(`${from.spec.name} ${to.spec.name}`)) continue;
      const atMs = this.nowMs + delayMinMs + this.#random() * (delayMaxMs - delayMinMs);
      this.#deliveries.push({ atMs, to, bytes });
    }
    this.#deliveries.sort((a, b) => a.atMs - b.atMs);
  }
  #deliver({ to, bytes }: Delivery): void {
    if (!to.elector || !to.linkUp) return;
    if (to.paused) to.inbox.push(bytes);
    else this.#feed(to, { type: 'packet', interface: LINK, bytes });
  }

  /** A paused director's kernel goes on forwarding: what counts is who has the address. */
  #measure(): void {
    const asked = this.#clientAsks;
    const answered = asked?.holdsVip && asked.linkUp;
    if (this.#unansweredSinceMs !== undefined)
      this.longestOutageMs = Math.max(this.longestOutageMs, this.nowMs - this.#unansweredSinceMs);
    this.#unansweredSinceMs = answered ? undefined : (this.#unansweredSinceMs ?? this.nowMs);
    const dual = this.masters().length > 1;
    if (this.#dualSinceMs !== undefined)
      this.longestDualMs = Math.max(this.longestDualMs, this.nowMs - this.#dualSinceMs);
    this.#dualSinceMs = dual ? (this.#dualSinceMs ?? this.nowMs) : undefined;
  }
  #say(name: string, what: string): void {
    this.trace.push(`${this.nowMs.toFixed(1).padStart(9)} ${name}: ${what}`);
  }
}
