// Schedulers that take turns: rr and wrr, as net/netfilter/ipvs/ip_vs_{rr,wrr}.c choose.
import { type Candidate, greatestCommonDivisor, isAvailable, type Scheduler } from './scheduler.ts';

/** rr: on from the server chosen last. */
export class RoundRobin<Server extends Candidate> implements Scheduler<Server> {
  /** Index of the server chosen last, −1 = before the first. */
  #at = -1;

  choose(servers: readonly Server[]): Server | undefined {
    for (let step = 1; step <= servers.length; step++) {
      const index = (this.#at + step) % servers.length;
      const server = servers[index]!;
      if (!isAvailable(server)) continue;
      this.#at = index;
      return server;
    }
    return undefined;
  }

  added(): void {
    if (this.#at !== -1) this.#at++;
  }
  removed(_servers: readonly Server[], index: number): void {
    if (this.#at >= index) this.#at--;
  }
  changed(): void {}
}

/**
 * wrr: passes over the servers with a falling required weight: max, max − step … 1. It gives up once every
 * server was checked for weight ≥ 1: those after the last choice, and, on a second round, those up to it.
 */
export class WeightedRoundRobin<Server extends Candidate> implements Scheduler<Server> {
  #at = -1;
  #required = 0;
  #largest = 0;
  #step = 1;

  constructor(servers: readonly Server[]) {
    this.changed(servers);
  }

  choose(servers: readonly Server[]): Server | undefined {
    if (this.#largest <= 0) return undefined;
    const last = this.#at;
    let stop = -1;
    let isLastPass = false;
    let isSecondRound = false;
    for (let index = last + 1; ; index++) {
      if (index < servers.length) {
        const server = servers[index]!;
        if (!server.overloaded && server.weight >= this.#required) {
          this.#at = index;
          return server;
        }
        if (index !== stop) continue;
        this.#at = index;
        return undefined;
      }
      index = -1;
      this.#required -= this.#step;
      if (this.#required <= 0) {
        this.#required = this.#largest;
        if (isLastPass || last === -1) {
          this.#at = -1;
          return undefined;
        }
        isSecondRound = true;
      }
      isLastPass = this.#required <= this.#step;
      if (isLastPass && isSecondRound && last !== -1) stop = last;
    }
  }

  added(servers: readonly Server[]): void {
    this.changed(servers);
  }
  removed(servers: readonly Server[]): void {
    this.changed(servers);
  }
  /** The turn begins again from the first server, but not with the largest weight. */
  changed(servers: readonly Server[]): void {
    let common = 0;
    let largest = 0;
    for (const { weight } of servers) {
      if (weight > 0) common = common === 0 ? weight : greatestCommonDivisor(weight, common);
      if (weight > largest) largest = weight;
    }
    this.#at = -1;
    this.#step = common === 0 ? 1 : common;
    this.#largest = largest - (this.#step - 1);
    if (this.#required > this.#largest || this.#required === 0) this.#required = this.#largest;
    else if (this.#step > 1) {
      this.#required = Math.trunc(this.#required / this.#step) * this.#step + 1;
    }
  }
}
