// keepalived as measured (2.2.7), for the simulation only: says no last word when it yields unless told to
// (vrrp_higher_prio_send_advert), gives its addresses up at once, has them a moment after its first advert,
// and does not notice a pause. Several instances of it are one sync group: they become MASTER when each of
// them wants to, and are BACKUP or in FAULT together, without a word on the other links.
import type { Address } from '../../src/core/address.ts';
import { isHigherAddress, refuse } from '../../src/vrrp/accept.ts';
import type { Input } from '../../src/vrrp/elector.ts';
import { type Action, parcels } from '../../src/vrrp/instance.ts';
import { decodeAdvert, RESIGNED, vridOf } from '../../src/vrrp/packet.ts';
import type { InstanceSettings, State } from '../../src/vrrp/settings.ts';
import { masterDownMs, skewMs } from '../../src/vrrp/timing.ts';

/** From its first advert to its addresses and gratuitous ARP. */
const SERVES_AFTER_MS = 3;
/** `source`: its address on that link. */
type Member = { own: InstanceSettings; source: Address };
type Timer = 'masterDown' | 'advert' | 'serve' | 'announce' | 'refresh';

export class KeepalivedLike {
  readonly #members: readonly Keepalived[];

  constructor(members: readonly Member[], lastWord: boolean) {
    this.#members = members.map((member) => new Keepalived(member, lastWord));
  }

  get nextDeadlineMs(): number {
    return Math.min(...this.#members.map(({ nextDeadlineMs }) => nextDeadlineMs));
  }

  stateOf(instance: string): State | undefined {
    return this.#members.find(({ own }) => own.name === instance)?.state;
  }

  feed(input: Input, nowMs: number): Action[] {
    for (const member of this.#members) {
      const before = member.state;
      member.feed(input, nowMs);
      if (member.state !== before) this.#follow(member, nowMs);
    }
    if (this.#members.every(({ wantsMastership }) => wantsMastership))
      for (const member of this.#members) member.becomeMaster(nowMs);
    const actions = this.#members.flatMap((member) => member.actions.splice(0));
    const isStopped = input.type === 'command' && input.command.type === 'stop';
    return isStopped ? [...actions, { do: 'report', report: { type: 'stopped' } }] : actions;
  }

  #follow(leader: Keepalived, nowMs: number): void {
    const isHeldBack = this.#members.some(({ state, linkUp }) => state !== 'INIT' && !linkUp);
    for (const member of this.#members) {
      if (leader.state === 'FAULT') member.fail(nowMs);
      else if (leader.state === 'BACKUP' && isHeldBack) member.fail(nowMs);
      else if (leader.state === 'BACKUP') member.yield(nowMs);
    }
  }
}

class Keepalived {
  state: State = 'INIT';
  linkUp = false;
  readonly own: InstanceSettings;
  readonly actions: Action[] = [];
  readonly #source: Address;
  readonly #lastWord: boolean;
  readonly #timers = new Map<Timer, number>();
  #masterAdvertMs: number;

  constructor({ own, source }: Member, lastWord: boolean) {
    this.own = own;
    this.#source = source;
    this.#lastWord = lastWord;
    this.#masterAdvertMs = own.advertMs;
  }

  get nextDeadlineMs(): number {
    return Math.min(...this.#timers.values());
  }
  /** Its master-down time is over, and nothing was heard that would have begun another. */
  get wantsMastership(): boolean {
    return this.state === 'BACKUP' && !this.#timers.has('masterDown');
  }

  feed(input: Input, nowMs: number): void {
    const isHere = 'interface' in input && input.interface === this.own.interface;
    if (input.type === 'packet' && isHere) this.#hear(input.bytes, nowMs);
    else if (input.type === 'wake') this.#expire(nowMs);
    else if (input.type === 'link' && isHere) this.#followLink(input.link?.up === true, nowMs);
    else if (input.type === 'command' && input.command.type === 'stop') this.#stop(nowMs);
    else if (input.type === 'command' && input.command.type === 'configure') this.#start(nowMs);
  }

  becomeMaster(nowMs: number): void {
    this.#enter('MASTER', 'no master heard', nowMs);
    this.#advertise(nowMs);
    this.#timers.set('serve', nowMs + SERVES_AFTER_MS);
    this.#masterAdvertMs = this.own.advertMs;
  }
  yield(nowMs: number): void {
    if (this.state === 'MASTER' || this.state === 'FAULT') this.#listen(nowMs, 'sync group');
  }
  fail(nowMs: number): void {
    if (this.state === 'FAULT') return;
    this.#enter('FAULT', 'link down', nowMs);
    this.#act('removeVips');
  }

  #followLink(up: boolean, nowMs: number): void {
    if (up === this.linkUp) return;
    this.linkUp = up;
    if (this.state === 'INIT') return;
    if (up) this.#listen(nowMs, 'link up');
    else this.fail(nowMs);
  }
  #start(nowMs: number): void {
    if (this.linkUp) this.#listen(nowMs, 'started');
    else this.fail(nowMs);
  }
  #stop(nowMs: number): void {
    if (this.state === 'MASTER') this.#send(RESIGNED);
    this.#enter('INIT', 'stopped', nowMs);
    this.#act('removeVips');
  }
  #listen(nowMs: number, reason: string): void {
    this.#enter('BACKUP', reason, nowMs);
    this.#act('removeVips');
    this.#await(nowMs);
  }
  #await(nowMs: number): void {
    this.#timers.set('masterDown', nowMs + masterDownMs(this.#masterAdvertMs, this.own));
  }

  #expire(nowMs: number): void {
    for (const [timer, atMs] of [...this.#timers]) {
      if (atMs > nowMs || this.#timers.get(timer) !== atMs) continue;
      this.#timers.delete(timer);
      const { garp } = this.own;
      if (timer === 'advert') this.#advertise(nowMs);
      if (timer === 'announce' || timer === 'refresh') this.#act('announce');
      if (timer === 'refresh') this.#timers.set('refresh', nowMs + garp.refreshMs);
      if (timer === 'serve') {
        this.#act('addVips');
        this.#act('announce');
        if (garp.delayMs > 0) this.#timers.set('announce', nowMs + garp.delayMs);
        if (garp.refreshMs > 0) this.#timers.set('refresh', nowMs + garp.refreshMs);
      }
    }
  }

  #hear(bytes: Buffer, nowMs: number): void {
    if (vridOf(bytes) !== this.own.vrid) return;
    const decoded = decodeAdvert(bytes);
    if (!decoded.ok || refuse(decoded.advert, this.own, this.#source) !== undefined) return;
    const { priority, intervalMs, source } = decoded.advert;
    if (this.state === 'BACKUP') this.#hearAsBackup(priority, intervalMs, nowMs);
    if (this.state !== 'MASTER') return;
    const own = this.own.priority;
    const better = priority > own || (priority === own && isHigherAddress(source, this.#source));
    if (better) {
      if (this.#lastWord) this.#send(own);
      this.#masterAdvertMs = intervalMs;
      this.#listen(nowMs, 'better master');
    } else {
      this.#advertise(nowMs);
      if (priority !== RESIGNED && !this.#timers.has('serve')) this.#act('announce');
    }
  }
  #hearAsBackup(priority: number, intervalMs: number, nowMs: number): void {
    if (priority === RESIGNED) this.#timers.set('masterDown', nowMs + skewMs(this.#masterAdvertMs, this.own));
    else if (priority >= this.own.priority || !this.own.preempt) {
      this.#masterAdvertMs = intervalMs;
      this.#await(nowMs);
    }
  }

  #advertise(nowMs: number): void {
    this.#send(this.own.priority);
    this.#timers.set('advert', nowMs + this.own.advertMs);
  }
  #send(priority: number): void {
    for (const { to, packet } of parcels(this.own, this.#source, priority))
      this.actions.push({ do: 'send', interface: this.own.interface, to, packet });
  }
  #act(verb: 'addVips' | 'removeVips' | 'announce'): void {
    const { vips } = this.own;
    this.actions.push({ do: verb, vips });
  }
  #enter(to: State, reason: string, atMs: number): void {
    const { name, priority } = this.own;
    this.#timers.clear();
    const report = { type: 'state', instance: name, from: this.state, to, reason, priority, atMs } as const;
    this.actions.push({ do: 'report', report });
    this.state = to;
  }
}
