// Schedulers for caches: lblc and lblcr keep what goes to one address on one server, or on a small set of
// them, until those have too much to do (net/netfilter/ipvs/ip_vs_lblc{,r}.c). The kernel also forgets
// addresses that nobody asked for in a day; here there are never more than this director owns.
import { leastWeighted } from './loads.ts';
import { type Candidate, type Opening, overhead, type Scheduler } from './scheduler.ts';

/** sysctl lblcr_expiration: a set that was not changed for so long loses its busiest server. */
const SHRINK_SECONDS = 24 * 60 * 60;

/** More active connections than its weight, while another server has less than half of its own. */
function isOverloaded(server: Candidate, servers: readonly Candidate[]): boolean {
  return (
    server.activeConnections > server.weight &&
    servers.some((other) => other.activeConnections * 2 < other.weight)
  );
}

/** A server that was removed and added again is the same one, as long as an address is kept on it. */
function isReturned(known: Candidate, added: Candidate): boolean {
  return !known.available && known.fold === added.fold && known.port === added.port;
}

export class Locality<Server extends Candidate> implements Scheduler<Server> {
  readonly #byDestination = new Map<number, Server>();

  choose(servers: readonly Server[], { destination }: Opening): Server | undefined {
    const known = this.#byDestination.get(destination);
    if (known?.available && known.weight > 0 && !isOverloaded(known, servers)) return known;
    const chosen = leastWeighted(servers);
    if (chosen) this.#byDestination.set(destination, chosen);
    return chosen;
  }
  added([server]: readonly Server[]): void {
    for (const [destination, known] of this.#byDestination) {
      if (isReturned(known, server!)) this.#byDestination.set(destination, server!);
    }
  }
  removed(): void {}
  changed(): void {}
}

/** Newest first. `changedSeconds`: when a server came or went. */
type ServerSet<Server> = { servers: Server[]; changedSeconds: number };

export class ReplicatedLocality<Server extends Candidate> implements Scheduler<Server> {
  readonly #byDestination = new Map<number, ServerSet<Server>>();

  choose(servers: readonly Server[], { destination, nowSeconds }: Opening): Server | undefined {
    const set = this.#byDestination.get(destination);
    const least = set && leastWeighted(set.servers.filter(({ available }) => available));
    if (set && set.servers.length > 1 && nowSeconds > set.changedSeconds + SHRINK_SECONDS) {
      const most = mostWeighted(set.servers);
      if (most) set.servers.splice(set.servers.indexOf(most), 1);
      if (most) set.changedSeconds = nowSeconds;
    }
    if (least && !isOverloaded(least, servers)) return least;
    const chosen = leastWeighted(servers);
    if (!chosen) return undefined;
    if (!set) this.#byDestination.set(destination, { servers: [chosen], changedSeconds: nowSeconds });
    else if (!set.servers.includes(chosen)) {
      set.servers.unshift(chosen);
      set.changedSeconds = nowSeconds;
    }
    return chosen;
  }
  added([server]: readonly Server[]): void {
    for (const set of this.#byDestination.values()) {
      set.servers = set.servers.map((known) => (isReturned(known, server!) ? server! : known));
    }
  }
  removed(): void {}
  changed(): void {}
}

/** Also of those that are overloaded. */
function mostWeighted<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  let most: Server | undefined;
  for (const server of servers) {
    if (server.weight === 0) continue;
    if (!most || overhead(most) * server.weight < overhead(server) * most.weight) most = server;
  }
  return most;
}
