// Routes and policy rules in this machine's tables: added behind the addresses they need, removed before
// them.
import type { EventName, Notice } from '../../core/events.ts';
import { type Route, routeName } from '../../core/route.ts';
import { type Rule, ruleName } from '../../core/rule.ts';
import type { Request } from '../../netlink/message.ts';
import { addRoute, deleteRoute } from '../../netlink/route-message.ts';
import { addRule, deleteRule } from '../../netlink/rule-message.ts';
import type { Routing as Wanted } from '../../vrrp/routing.ts';
import type { NetlinkSocket, Result } from '../netlink-socket.ts';
import type { Errands } from './errands.ts';
import type { Links } from './links.ts';

type Entry = {
  what: 'route' | 'rule';
  name: string;
  untracked: boolean;
  /** Undefined: it has no place, and why. */
  add: Request | undefined;
  remove: Request | undefined;
  why?: string;
  /** Each of several next hops alone, where the kernel keeps them as routes of their own (IPv6). */
  hops?: Request[];
};

type Able = { entry: Entry; requests: Request[] };

export class Routing {
  readonly #requests: NetlinkSocket;
  readonly #links: Links;
  readonly #say: (notice: Notice) => void;
  readonly #errands: Errands | undefined;
  readonly #held = new Set<string>();
  /** What went wrong, so that each renewal does not say it again. */
  readonly #troubles = new Map<string, string>();

  /** With `errands` those that were there are looked for by them. */
  constructor(requests: NetlinkSocket, links: Links, say: (notice: Notice) => void, errands?: Errands) {
    this.#requests = requests;
    this.#links = links;
    this.#say = say;
    this.#errands = errands;
  }

  /** Also puts those back that somebody else removed. Gives at once those that cannot be there. */
  add({ routes, rules }: Wanted): (Route | Rule)[] {
    const failed = this.#add(routes.map((route) => this.#ofRoute(route)));
    for (const key of this.#add(rules.map(ofRule))) failed.add(key);
    const missing = (what: Entry['what'], name: string) => failed.has(keyOf({ what, name }));
    return [
      ...routes.filter((route) => missing('route', routeName(route))),
      ...rules.filter((rule) => missing('rule', ruleName(rule))),
    ];
  }

  /** That one is not there is no error: its interface or its source may have taken it along. */
  remove({ routes, rules }: Wanted): void {
    this.#errands?.finish();
    this.#remove(rules.map(ofRule));
    this.#remove(routes.map((route) => this.#ofRoute(route)));
  }

  /** Gives the keys of those that failed. */
  #add(entries: readonly Entry[]): Set<string> {
    const failed = new Set<string>();
    const fresh: Able[] = [];
    for (const entry of entries) {
      const wasHeld = this.#held.has(keyOf(entry));
      if (entry.untracked && wasHeld) continue;
      if (entry.add === undefined) {
        this.#complain(entry, entry.why!);
        failed.add(keyOf(entry));
      } else {
        const able = { entry, requests: [entry.add, ...(entry.hops ?? [])] };
        if (wasHeld && this.#errands) this.#lookFor(this.#errands, able);
        else fresh.push(able);
      }
    }
    const results = this.#requests.requestMany(fresh.flatMap(({ requests }) => requests));
    for (const { entry, requests } of fresh)
      if (!this.#noteAdded(entry, results.splice(0, requests.length))) failed.add(keyOf(entry));
    return failed;
  }
  #lookFor(errands: Errands, { entry, requests }: Able): void {
    errands.add(requests, (results) => {
      if (this.#held.has(keyOf(entry))) this.#noteAdded(entry, results);
    });
  }

  /**
   * A route of several next hops is there as long as one of them is, so that it may have lacked some. Whether
   * it is there now.
   */
  #noteAdded(entry: Entry, [result, ...hops]: Result[]): boolean {
    if (!result!.ok && !isThere(result!)) {
      this.#complain(entry, result!.explanation ?? result!.errno);
      return false;
    }
    this.#troubles.delete(keyOf(entry));
    const wasHeld = this.#held.has(keyOf(entry));
    this.#held.add(keyOf(entry));
    const wasWhole = !result!.ok && !(wasHeld && hops.some(({ ok }) => ok));
    if (wasWhole) return true;
    if (wasHeld) this.#tell(entry, 'restored', 'removed by somebody else: put back');
    else this.#tell(entry, 'added', 'added');
    return true;
  }

  #remove(entries: readonly Entry[]): void {
    const able = entries.flatMap((entry) =>
      entry.remove === undefined ? [] : [{ entry, request: entry.remove }],
    );
    const results = this.#requests.requestMany(able.map(({ request }) => request));
    for (const entry of entries) {
      this.#held.delete(keyOf(entry));
      this.#troubles.delete(keyOf(entry));
    }
    for (const [index, { entry }] of able.entries())
      if (results[index]!.ok) this.#tell(entry, 'removed', 'removed');
  }

  #ofRoute(route: Route): Entry {
    const indexOf = (device: string) => this.#links.link(device)?.index;
    const named = [route, ...(route.hops ?? [])].flatMap(({ interface: device }) => device ?? []);
    const missing = named.find((device) => indexOf(device) === undefined);
    const entry = { what: 'route', name: routeName(route), untracked: route.untracked ?? false } as const;
    const table = route.vrf === undefined ? route.table : this.#links.link(route.vrf)?.table;
    if (missing !== undefined || table === undefined) {
      const why = table === undefined ? `${route.vrf} is no VRF` : `the interface ${missing} does not exist`;
      return { ...entry, add: undefined, remove: undefined, why };
    }
    const known = (device: string) => indexOf(device)!;
    const placed = { ...route, table };
    return {
      ...entry,
      add: addRoute(placed, known),
      remove: deleteRoute(placed, known),
      ...(route.family === 6 && route.hops !== undefined ? { hops: singleHops(placed, known) } : {}),
    };
  }

  #complain(entry: Entry, why: string): void {
    if (this.#troubles.get(keyOf(entry)) === why) return;
    this.#troubles.set(keyOf(entry), why);
    this.#tell(entry, 'failed', why);
  }
  #tell({ what, name }: Entry, change: 'added' | 'removed' | 'restored' | 'failed', message: string): void {
    const event: EventName = `${what}.${change}`;
    this.#say({ event, message: `${what} ${name}: ${message}`, fields: { [what]: name } });
  }
}

function singleHops(route: Route, indexOf: (device: string) => number): Request[] {
  return (route.hops ?? []).map((hop) => addRoute({ ...route, hops: [hop], place: 'behind' }, indexOf));
}

function isThere(result: Result): boolean {
  return !result.ok && result.errno === 'EEXIST';
}

/** A rule that names an interface waits for it in the kernel. */
function ofRule(rule: Rule): Entry {
  return {
    what: 'rule',
    name: ruleName(rule),
    untracked: rule.untracked ?? false,
    add: addRule(rule),
    remove: deleteRule(rule),
  };
}

function keyOf({ what, name }: Pick<Entry, 'what' | 'name'>): string {
  return `${what} ${name}`;
}
