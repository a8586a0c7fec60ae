// Which real server gets a new connection: IPVS's rr, wrr, lc and wlc with the kernel's own choice rules,
// tie-breaks included (net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc}.c). A server of weight 0 is quiesced, an
// overloaded one passed over.

export type Candidate = {
  weight: number;
  overloaded: boolean;
  activeConnections: number;
  inactiveConnections: number;
};
/** Where round robin stands. `at` is the index of the server chosen last, −1 = before the first. */
export type Turn = { at: number; currentWeight: number; maxWeight: number; step: number };
export type Choose = (servers: readonly Candidate[], turn: Turn) => number;

/** By the kernel's names. Each answers an index, or −1 when no server may take a connection. */
export const SCHEDULERS: Readonly<Record<string, Choose>> = {
  rr: chooseInTurn,
  wrr: chooseInWeightedTurn,
  lc: chooseLeastConnections,
  wlc: chooseWeightedLeastConnections,
};

export function newTurn(): Turn {
  return { at: -1, currentWeight: 0, maxWeight: 0, step: 1 };
}

/** After servers or weights have changed: the weighted turn begins again from the first server. */
export function restartTurn(turn: Turn, servers: readonly Candidate[]): void {
  let common = 0;
  let largest = 0;
  for (const { weight } of servers) {
    if (weight > 0) common = common === 0 ? weight : greatestCommonDivisor(weight, common);
    if (weight > largest) largest = weight;
  }
  turn.at = -1;
  turn.step = common === 0 ? 1 : common;
  turn.maxWeight = largest - (turn.step - 1);
  if (turn.currentWeight > turn.maxWeight || turn.currentWeight === 0) turn.currentWeight = turn.maxWeight;
  else if (turn.step > 1) turn.currentWeight = Math.trunc(turn.currentWeight / turn.step) * turn.step + 1;
}

function isAvailable(server: Candidate): boolean {
  return !server.overloaded && server.weight > 0;
}
/** The kernel's estimate: an active connection costs as much as 256 inactive ones. */
function overhead(server: Candidate): number {
  return server.activeConnections * 256 + server.inactiveConnections;
}

function chooseInTurn(servers: readonly Candidate[], turn: Turn): number {
  for (let step = 1; step <= servers.length; step++) {
    const index = (turn.at + step) % servers.length;
    if (!isAvailable(servers[index]!)) continue;
    turn.at = index;
    return index;
  }
  return -1;
}

/**
 * Passes over the servers with a falling required weight: max, max − step … 1. It gives up once every server
 * was checked for weight ≥ 1: those after the last choice, and, on a second round, those up to it.
 */
function chooseInWeightedTurn(servers: readonly Candidate[], turn: Turn): number {
  if (turn.maxWeight <= 0) return -1;
  const last = turn.at;
  let stop = -1;
  let isLastPass = false;
  let isSecondRound = false;
  for (let index = last + 1; ; index++) {
    if (index < servers.length) {
      const server = servers[index]!;
      if (!server.overloaded && server.weight >= turn.currentWeight) {
        turn.at = index;
        return index;
      }
      if (index !== stop) continue;
      turn.at = index;
      return -1;
    }
    index = -1;
    turn.currentWeight -= turn.step;
    if (turn.currentWeight <= 0) {
      turn.currentWeight = turn.maxWeight;
      if (isLastPass || last === -1) {
        turn.at = -1;
        return -1;
      }
      isSecondRound = true;
    }
    isLastPass = turn.currentWeight <= turn.step;
    if (isLastPass && isSecondRound && last !== -1) stop = last;
  }
}

function chooseLeastConnections(servers: readonly Candidate[]): number {
  let least = -1;
  let leastOverhead = 0;
  for (let index = 0; index < servers.length; index++) {
    const server = servers[index]!;
    if (!isAvailable(server)) continue;
    const own = overhead(server);
    if (least !== -1 && own >= leastOverhead) continue;
    least = index;
    leastOverhead = own;
  }
  return least;
}

function chooseWeightedLeastConnections(servers: readonly Candidate[]): number {
  let least = -1;
  let leastOverhead = 0;
  for (let index = 0; index < servers.length; index++) {
    const server = servers[index]!;
    if (!isAvailable(server)) continue;
    const own = overhead(server);
    // overhead / weight compared without dividing, so that ties are ties: the first in the list keeps it.
    if (least !== -1 && leastOverhead * server.weight <= own * servers[least]!.weight) continue;
    least = index;
    leastOverhead = own;
  }
  return least;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
