// keepalived as measured (2.2.7), for the simulation only: one instance, who says no last word when it yields
// unless told to (vrrp_higher_prio_send_advert), gives its addresses up at once, has them a moment after its
// first advert, and does not notice a pause.
import type { Address } from '../../src/core/address.ts';
import { isHigherAddress, refuse } from '../../src/vrrp/accept.ts';
import type { Input } from '../../src/vrrp/elector.ts';
import { type Action, parcels } from '../../src/vrrp/instance.ts';
import { decodeAdvert, RESIGNED, vridOf } from '../../src/vrrp/packet.ts';
import type { InstanceSettings, State } from '../../src/vrrp/settings.ts';
import { masterDownMs, skewMs } from '../../src/vrrp/timing.ts';

/** From its first advert to its addresses and gratuitous ARP. */
const SERVES_AFTER_MS = 3;
type Timer = 'masterDown' | 'advert' | 'serve' | 'announce' | 'refresh';

export class KeepalivedLike {
  state: State = 'INIT';
  readonly #own: InstanceSettings;
  readonly #address: Address;
  readonly #lastWord: boolean;
  readonly #timers = new Map<Timer, number>();
  #linkUp = false;
  #masterAdvertMs: number;
  #actions: Action[] = [];

  constructor(own: InstanceSettings, source: Address, lastWord: boolean) {
    this.#own = own;
    this.#address = source;
    this.#lastWord = lastWord;
    this.#masterAdvertMs = own.advertMs;
  }

  get nextDeadlineMs(): number {
    return Math.min(...this.#timers.values());
  }

  feed(input: Input, nowMs: number): Action[] {
    this.#actions = [];
    if (input.type === 'packet') this.#hear(input.bytes, nowMs);
    else if (input.type === 'wake') this.#expire(nowMs);
    else if (input.type === 'link' && input.interface === this.#own.interface)
      this.#follow(input.link?.up === true, nowMs);
    else if (input.type === 'command' && input.command.type === 'stop') this.#stop(nowMs);
    else if (input.type === 'command' && input.command.type === 'configure' && this.#linkUp)
      this.#listen(nowMs, 'started');
    return this.#actions;
  }

  #follow(up: boolean, nowMs: number): void {
    if (up === this.#linkUp) return;
    this.#linkUp = up;
    if (this.state === 'INIT') return;
    if (up) this.#listen(nowMs, 'link up');
    else {
      this.#enter('FAULT', 'link down', nowMs);
      this.#act('removeVips');
    }
  }
  #stop(nowMs: number): void {
    if (this.state === 'MASTER') this.#send(RESIGNED);
    this.#enter('INIT', 'stopped', nowMs);
    this.#act('removeVips');
    this.#actions.push({ do: 'report', report: { type: 'stopped' } });
  }
  #listen(nowMs: number, reason: string): void {
    this.#enter('BACKUP', reason, nowMs);
    this.#act('removeVips');
    this.#await(nowMs);
  }
  #await(nowMs: number): void {
    this.#timers.set('masterDown', nowMs + masterDownMs(this.#masterAdvertMs, this.#own));
  }

  #expire(nowMs: number): void {
    for (const [timer, atMs] of [...this.#timers]) {
      if (atMs > nowMs || this.#timers.get(timer) !== atMs) continue;
      this.#timers.delete(timer);
      const { advertMs, garp } = this.#own;
      if (timer === 'advert') this.#advertise(nowMs);
      if (timer === 'announce' || timer === 'refresh') this.#act('announce');
      if (timer === 'refresh') this.#timers.set('refresh', nowMs + garp.refreshMs);
      if (timer === 'serve') {
        this.#act('addVips');
        this.#act('announce');
        if (garp.delayMs > 0) this.#timers.set('announce', nowMs + garp.delayMs);
        if (garp.refreshMs > 0) this.#timers.set('refresh', nowMs + garp.refreshMs);
      }
      if (timer !== 'masterDown') continue;
      this.#enter('MASTER', 'no master heard', nowMs);
      this.#advertise(nowMs);
      this.#timers.set('serve', nowMs + SERVES_AFTER_MS);
      this.#masterAdvertMs = advertMs;
    }
  }

  #hear(bytes: Buffer, nowMs: number): void {
    if (vridOf(bytes) !== this.#own.vrid) return;
    const decoded = decodeAdvert(bytes);
    if (!decoded.ok || refuse(decoded.advert, this.#own, this.#address) !== undefined) return;
    const { priority, intervalMs, source } = decoded.advert;
    if (this.state === 'BACKUP') this.#hearAsBackup(priority, intervalMs, nowMs);
    if (this.state !== 'MASTER') return;
    const own = this.#own.priority;
    const better = priority > own || (priority === own && isHigherAddress(source, this.#address));
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
    if (priority === RESIGNED)
      this.#timers.set('masterDown', nowMs + skewMs(this.#masterAdvertMs, this.#own));
    else if (priority >= this.#own.priority || !this.#own.preempt) {
      this.#masterAdvertMs = intervalMs;
      this.#await(nowMs);
    }
  }

  #advertise(nowMs: number): void {
    this.#send(this.#own.priority);
    this.#timers.set('advert', nowMs + this.#own.advertMs);
  }
  #send(priority: number): void {
    for (const { to, packet } of parcels(this.#own, this.#address, priority))
      this.#actions.push({ do: 'send', interface: this.#own.interface, to, packet });
  }
  #act(verb: 'addVips' | 'removeVips' | 'announce'): void {
    const { vips } = this.#own;
    this.#actions.push({ do: verb, vips });
  }
  #enter(to: State, reason: string, atMs: number): void {
    const { name, priority } = this.#own;
    this.#timers.clear();
    const report = { type: 'state', instance: name, from: this.state, to, reason, priority, atMs } as const;
    this.#actions.push({ do: 'report', report });
    this.state = to;
  }
}
