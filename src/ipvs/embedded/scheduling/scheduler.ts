// What a scheduler is to the engine: asked for a server when a connection begins, told when the list of
// servers or a weight has changed. Each service has one of its own.

/**
 * A real server as schedulers see it. Weight 0 is quiesced: it gets nothing new; an overloaded one is above
 * its upper threshold.
 */
export type Candidate = {
  /** The address in 32 bits: IPv4's own, IPv6's four words exclusive-or'ed. Signed. */
  readonly fold: number;
  readonly port: number;
  readonly weight: number;
  /** The latest weight that was not 0. */
  readonly lastWeight: number;
  readonly overloaded: boolean;
  /** False once removed from its service. */
  readonly available: boolean;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
};

/** What of a packet that opens a connection a choice may depend on. */
export type Opening = {
  /** As {@link Candidate}'s. */
  sourceFold: number;
  sourcePort: number;
  destinationFold: number;
  /** The virtual address itself, as the table has it (see frame.ts). */
  destination: number;
  /** Of a clock that never steps. */
  nowSeconds: number;
};

export interface Scheduler<Server extends Candidate> {
  /** Undefined: no server may take a connection. `servers` are in the kernel's order, the newest first. */
  choose(servers: readonly Server[], opening: Opening): Server | undefined;
  /** A new server is at the head of the list. */
  added(servers: readonly Server[]): void;
  /** The one that was at `index` is not in the list any more. */
  removed(servers: readonly Server[], index: number): void;
  /** A weight is another one. */
  changed(servers: readonly Server[]): void;
}

export function isAvailable(server: Candidate): boolean {
  return !server.overloaded && server.weight > 0;
}

/** The kernel's estimate: an active connection costs as much as 256 inactive ones. */
export function overhead(server: Candidate): number {
  return server.activeConnections * 256 + server.inactiveConnections;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
