// Every scheduler of IPVS by its kernel name.
import { DestinationHash, Maglev, SourceHash } from './hashes.ts';
import { BY_LOAD, ByLoad } from './loads.ts';
import { Locality, ReplicatedLocality } from './localities.ts';
import type { Candidate, Scheduler } from './scheduler.ts';
import { RoundRobin, WeightedRoundRobin } from './turns.ts';

/** `flags`: IP_VS_SVC_F_SCHED1 … 3. `random(n)`: 0 to n − 1. */
export type Scheduling = { name: string; flags: number; random: (below: number) => number };

/** Undefined: there is no scheduler of that name. */
export function newScheduler<Server extends Candidate>(
  scheduling: Scheduling,
  servers: readonly Server[],
): Scheduler<Server> | undefined {
  const { name, flags, random } = scheduling;
  switch (name) {
    case 'rr':
      return new RoundRobin();
    case 'wrr':
      return new WeightedRoundRobin(servers);
    case 'sh':
      return new SourceHash(flags);
    case 'mh':
      return new Maglev(flags);
    case 'dh':
      return new DestinationHash();
    case 'lblc':
      return new Locality();
    case 'lblcr':
      return new ReplicatedLocality();
    default: {
      const choose = BY_LOAD[name];
      return choose && new ByLoad(choose, random);
    }
  }
}
