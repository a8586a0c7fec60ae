// Schedulers that look at how much each server has to do now, and remember nothing: lc, wlc, sed, nq, fo, ovf
// and twos, tie-breaks included (net/netfilter/ipvs/ip_vs_*.c). Of equals the first in the list is taken.
// Quotients are compared crosswise, as the kernel does, so that ties are ties.
import { type Candidate, isAvailable, type Opening, overhead, type Scheduler } from './scheduler.ts';

type Choose = <Server extends Candidate>(
  servers: readonly Server[],
  random: (below: number) => number,
) => Server | undefined;

export const BY_LOAD: Readonly<Record<string, Choose>> = {
  lc: leastConnections,
  wlc: leastWeighted,
  sed: shortestDelay,
  nq: neverQueue,
  fo: failOver,
  ovf: overflow,
  twos: betterOfTwo,
};

export class ByLoad<Server extends Candidate> implements Scheduler<Server> {
  readonly #choose: Choose;
  readonly #random: (below: number) => number;

  constructor(choose: Choose, random: (below: number) => number) {
    this.#choose = choose;
    this.#random = random;
  }
  choose(servers: readonly Server[], _opening: Opening): Server | undefined {
    return this.#choose(servers, this.#random);
  }
  added(): void {}
  removed(): void {}
  changed(): void {}
}

function leastConnections<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  let least: Server | undefined;
  for (const server of servers) {
    if (isAvailable(server) && (!least || overhead(server) < overhead(least))) least = server;
  }
  return least;
}

/** wlc, and what lblc and lblcr fall back on: overhead / weight. */
export function leastWeighted<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  let least: Server | undefined;
  for (const server of servers) {
    if (!isAvailable(server)) continue;
    if (!least || overhead(least) * server.weight > overhead(server) * least.weight) least = server;
  }
  return least;
}

/** (active + 1) / weight: the delay that the new connection would meet. */
function isSooner(server: Candidate, than: Candidate): boolean {
  return (than.activeConnections + 1) * server.weight > (server.activeConnections + 1) * than.weight;
}

function shortestDelay<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  let least: Server | undefined;
  for (const server of servers) {
    if (isAvailable(server) && (!least || isSooner(server, least))) least = server;
  }
  return least;
}

/** Whoever is idle; else as sed. */
function neverQueue<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  for (const server of servers) if (isAvailable(server) && server.activeConnections === 0) return server;
  return shortestDelay(servers);
}

/** The largest weight, as long as it is there. */
function failOver<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  let largest: Server | undefined;
  for (const server of servers) {
    if (isAvailable(server) && server.weight > (largest?.weight ?? 0)) largest = server;
  }
  return largest;
}

/** The largest weight that has no more active connections than its weight. */
function overflow<Server extends Candidate>(servers: readonly Server[]): Server | undefined {
  let largest: Server | undefined;
  for (const server of servers) {
    if (!isAvailable(server) || server.activeConnections > server.weight) continue;
    if (!largest || server.weight > largest.weight) largest = server;
  }
  return largest;
}

/** Two are drawn by their weights; the second one is taken when it has less to do. */
function betterOfTwo<Server extends Candidate>(
  servers: readonly Server[],
  random: (below: number) => number,
): Server | undefined {
  let total = 0;
  for (const server of servers) if (isAvailable(server)) total += server.weight;
  if (total === 0) return undefined;
  const first = drawn(servers, random(total + 1));
  const second = drawn(servers, random(total + 1));
  return second.weight * overhead(first) > first.weight * overhead(second) ? second : first;
}

/** `ticket`: 0 to the sum of all weights; 0 is the first server's, too. */
function drawn<Server extends Candidate>(servers: readonly Server[], ticket: number): Server {
  let left = ticket;
  let last: Server | undefined;
  for (const server of servers) {
    if (!isAvailable(server)) continue;
    last = server;
    left -= server.weight;
    if (left <= 0) break;
  }
  return last!;
}
