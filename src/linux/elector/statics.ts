// Static addresses, routes and rules on this machine: added with the settings, put back while they are in
// force, removed at the end. Whether those of a track group are all there is the verdict of a tracker.
import type { Address } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import type { Routing as RoutingEntries } from '../../vrrp/routing.ts';
import { goneStatics, groupsOf, NO_STATICS, type Statics as Wanted } from '../../vrrp/statics.ts';
import type { NetlinkSocket } from '../netlink-socket.ts';
import { Addresses } from './addresses.ts';
import type { Links } from './links.ts';
import { Routing } from './routing.ts';

/** Whether they are still there is asked by adding them. */
const EACH_MS = 2000;
/** With somebody who keeps removing them. */
const SOONEST_MS = 100;

export class Statics {
  readonly #addresses: Addresses;
  readonly #routing: Routing;
  readonly #say: (notice: Notice) => void;
  readonly #judge: (group: string, verdict: 'up' | 'down') => void;
  readonly #verdicts = new Map<string, 'up' | 'down'>();
  /** Addresses with `no_track` that somebody else removed. */
  readonly #letGo = new Set<string>();
  #wanted = NO_STATICS;
  #keptMs = 0;
  nextDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(
    requests: NetlinkSocket,
    links: Links,
    judge: (group: string, verdict: 'up' | 'down') => void,
    say: (notice: Notice) => void,
  ) {
    this.#addresses = new Addresses(requests, links, say);
    this.#routing = new Routing(requests, links, say);
    this.#judge = judge;
    this.#say = say;
  }

  configure(wanted: Wanted = NO_STATICS, nowMs: number): void {
    this.#remove(goneStatics(this.#wanted, wanted));
    this.#wanted = wanted;
    this.#letGo.clear();
    // Who is new among those that follow has to be told, too.
    this.#verdicts.clear();
    this.#keep(nowMs);
  }

  step(nowMs: number): void {
    if (this.nextDeadlineMs <= nowMs) this.#keep(nowMs);
  }

  /** It is put back at the next step, unless that was a moment ago. */
  noteGone(device: string, address: Address): void {
    for (const { entry } of this.#wanted.addresses) {
      if (entry.interface !== device || entry.address !== address) continue;
      const vip = `${address}/${entry.prefixLength}`;
      if (entry.untracked) this.#letGo.add(`${device} ${vip}`);
      else {
        this.nextDeadlineMs = Math.min(this.nextDeadlineMs, this.#keptMs + SOONEST_MS);
        const message = `${vip} on ${device}: removed by somebody else: put back`;
        this.#say({ event: 'vip.restored', message, fields: { vip, interface: device } });
      }
    }
  }

  /** `wanted`: also what a director that died had added. */
  removeAll(wanted = this.#wanted): void {
    this.#remove(wanted);
    this.#wanted = NO_STATICS;
    this.nextDeadlineMs = Number.POSITIVE_INFINITY;
  }

  #keep(nowMs: number): void {
    const { addresses, routes, rules } = this.#wanted;
    this.#keptMs = nowMs;
    const isEmpty = addresses.length + routes.length + rules.length === 0;
    this.nextDeadlineMs = isEmpty ? Number.POSITIVE_INFINITY : nowMs + EACH_MS;
    const held = addresses.filter(
      ({ entry }) => !this.#letGo.has(`${entry.interface} ${entry.address}/${entry.prefixLength}`),
    );
    const missing = new Set<unknown>([
      ...this.#addresses.add(held.map(({ entry }) => entry)),
      ...this.#routing.add(routingOf(this.#wanted)),
    ]);
    for (const group of groupsOf(this.#wanted)) {
      const followed = [...addresses, ...routes, ...rules].filter((each) => each.group === group);
      const verdict = followed.some(({ entry }) => missing.has(entry)) ? 'down' : 'up';
      if (this.#verdicts.get(group) === verdict) continue;
      this.#verdicts.set(group, verdict);
      this.#judge(group, verdict);
    }
  }

  #remove(wanted: Wanted): void {
    this.#routing.remove(routingOf(wanted));
    this.#addresses.remove(wanted.addresses.map(({ entry }) => entry));
  }
}

function routingOf({ routes, rules }: Wanted): RoutingEntries {
  return { routes: routes.map(({ entry }) => entry), rules: rules.map(({ entry }) => entry) };
}
