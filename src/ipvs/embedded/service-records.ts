// What the engine keeps of a virtual service and of a real server, their counters included.
import type { Family } from '../../core/address.ts';
import type { Counters, Forwarding, ServerKey, ServiceHead, Tunnel } from '../model.ts';
import type { Scheduler } from './scheduling/scheduler.ts';

/**
 * Indices into a counters array. Totals in doubles: exact up to 2⁵³, and incrementing them allocates nothing.
 */
export const COUNT = { connections: 0, inPackets: 1, outPackets: 2, inBytes: 3, outBytes: 4 } as const;
export const COUNTERS = 5;

export type ServerRecord = {
  readonly slot: number;
  /** Of the same address and port; another record when the service was removed and added again. */
  service: ServiceRecord;
  readonly key: ServerKey;
  readonly address: number;
  readonly family: Family;
  /** What schedulers hash: IPv4's address itself. */
  readonly fold: number;
  readonly port: number;
  forwarding: Forwarding;
  tunnel: Tunnel | undefined;
  weight: number;
  lastWeight: number;
  upperThreshold: number;
  lowerThreshold: number;
  activeConnections: number;
  inactiveConnections: number;
  persistentConnections: number;
  overloaded: boolean;
  /** What a router said about the way to it, and until when that holds; 0 = nothing. Of tunnels only. */
  pathMtu: number;
  pathMtuUntil: number;
  /** False once removed from its service; its record lives on while it has connections. */
  available: boolean;
  readonly counters: Float64Array;
};
export type ServiceRecord = {
  /** Of a firewall mark only the family: the protocol is IPPROTO_IP. */
  readonly flow: number;
  /** 0 = it is known by address and port. Signed. */
  readonly mark: number;
  /** What a mark's templates have in the place of a virtual address is here, too (see markAddress). */
  readonly address: number;
  readonly port: number;
  head: ServiceHead;
  /** In the kernel's order: the newest first. */
  readonly servers: ServerRecord[];
  scheduler: Scheduler<ServerRecord>;
  readonly counters: Float64Array;
};

export function isIdle(record: ServerRecord): boolean {
  return record.activeConnections + record.inactiveConnections + record.persistentConnections === 0;
}

export function countersOf(counters: Float64Array): Counters {
  const at = (index: number) => BigInt(counters[index]!);
  return {
    connections: at(COUNT.connections),
    inPackets: at(COUNT.inPackets),
    outPackets: at(COUNT.outPackets),
    inBytes: at(COUNT.inBytes),
    outBytes: at(COUNT.outBytes),
  };
}
