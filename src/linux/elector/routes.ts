// Virtual routes in this machine's tables: added behind the addresses they need, removed before them.
import type { Notice } from '../../core/events.ts';
import type { Route } from '../../core/route.ts';
import type { Request } from '../../netlink/message.ts';
import { addRoute, deleteRoute } from '../../netlink/route-message.ts';
import type { NetlinkSocket } from '../netlink-socket.ts';
import type { Links } from './links.ts';

export class Routes {
  readonly #requests: NetlinkSocket;
  readonly #links: Links;
  readonly #say: (notice: Notice) => void;
  readonly #held = new Map<string, Route>();
  /** What went wrong, so that each renewal does not say it again. */
  readonly #troubles = new Map<string, string>();

  constructor(requests: NetlinkSocket, links: Links, say: (notice: Notice) => void) {
    this.#requests = requests;
    this.#links = links;
    this.#say = say;
  }

  /** Also puts those back that somebody else removed. */
  add(routes: readonly Route[]): void {
    const wanted = routes.filter((route) => !(route.untracked && this.#held.has(nameOf(route))));
    const able = wanted.filter((route) => this.#isPossible(route));
    const results = this.#requests.requestMany(able.map((route) => this.#request(addRoute, route)));
    for (const [index, route] of able.entries()) {
      const result = results[index]!;
      const name = nameOf(route);
      if (!result.ok && result.errno !== 'EEXIST') {
        this.#complain(name, result.explanation ?? result.errno);
        continue;
      }
      this.#troubles.delete(name);
      const wasHeld = this.#held.has(name);
      this.#held.set(name, route);
      if (!result.ok) continue;
      if (wasHeld) this.#say(told('route.restored', name, 'removed by somebody else: put back'));
      else this.#say(told('route.added', name, 'added'));
    }
  }

  /** That one is not there is no error: its interface or its source may have taken it along. */
  remove(routes: readonly Route[]): void {
    const able = routes.filter((route) => this.#index(route) !== 'missing');
    const results = this.#requests.requestMany(able.map((route) => this.#request(deleteRoute, route)));
    for (const route of routes) {
      this.#held.delete(nameOf(route));
      this.#troubles.delete(nameOf(route));
    }
    for (const [index, route] of able.entries())
      if (results[index]!.ok) this.#say(told('route.removed', nameOf(route), 'removed'));
  }

  #isPossible(route: Route): boolean {
    if (this.#index(route) !== 'missing') return true;
    this.#complain(nameOf(route), `the interface ${route.interface} does not exist`);
    return false;
  }
  #request(make: (route: Route, index: number | undefined) => Request, route: Route): Request {
    const index = this.#index(route);
    return make(route, index === 'missing' ? undefined : index);
  }
  #index({ interface: name }: Route): number | undefined | 'missing' {
    return name === undefined ? undefined : (this.#links.link(name)?.index ?? 'missing');
  }
  #complain(name: string, why: string): void {
    if (this.#troubles.get(name) === why) return;
    this.#troubles.set(name, why);
    this.#say(told('route.failed', name, why));
  }
}

function told(event: Notice['event'], route: string, what: string): Notice {
  return { event, message: `route ${route}: ${what}`, fields: { route } };
}
function nameOf(route: Route): string {
  const { to, via, interface: device, table, priority } = route;
  const words = [`${to.address}/${to.length}`];
  if (via !== undefined) words.push(`via ${via}`);
  if (device !== undefined) words.push(`dev ${device}`);
  words.push(`table ${table}`);
  if (priority !== undefined) words.push(`metric ${priority}`);
  return words.join(' ');
}
