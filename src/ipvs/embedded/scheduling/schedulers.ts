// Every scheduler of IPVS by its kernel name.
import { DestinationHash, Maglev, SourceHash } from './hashes.ts';
import { BY_LOAD, ByLoad } from './loads.ts';
import { Locality, ReplicatedLocality } from './localities.ts';
import type { Candidate, Scheduler } from './scheduler.ts';
import { RoundRobin, WeightedRoundRobin } from './turns.ts';

/** `flags`: IP_VS_SVC_F_SCHED1 … 3. `random(n)`: 0 to n − 1. */
export type Scheduling = { name: string; flags: number; random: (below: number) => number };

type Make = <Server extends Candidate>(
  scheduling: Scheduling,
  servers: readonly Server[],
) => Scheduler<Server>;

const SCHEDULERS: Readonly<Record<string, Make>> = {
  rr: () => new RoundRobin(),
  wrr: (_, servers) => new WeightedRoundRobin(servers),
  sh: ({ flags }) => new SourceHash(flags),
  mh: ({ flags }) => new Maglev(flags),
  dh: () => new DestinationHash(),
  lblc: () => new Locality(),
  lblcr: () => new ReplicatedLocality(),
};

export function isScheduler(name: string): boolean {
  return name in SCHEDULERS || name in BY_LOAD;
}

/** Undefined: there is no scheduler of that name. */
export function newScheduler<Server extends Candidate>(
  scheduling: Scheduling,
  servers: readonly Server[],
): Scheduler<Server> | undefined {
  const choose = BY_LOAD[scheduling.name];
  if (choose) return new ByLoad(choose, scheduling.random);
  return SCHEDULERS[scheduling.name]?.(scheduling, servers);
}
