// What a data plane is: something that forwards for services. Two exist: the kernel's IPVS and the
// embedded packet engine. The interface speaks of services, servers, connections and counters, never of
// how they are reached.
import type { Address } from '../core/address.ts';
import type { Notice } from '../core/events.ts';
import type { ShownConnection } from './connection.ts';
import type { Marking } from './marking.ts';
import type {
  Server,
  ServerCounters,
  ServerKey,
  ServiceCounters,
  ServiceHead,
  ServiceKey,
  SyncDaemon,
  Table,
} from './model.ts';

export type Command =
  | { do: 'addService'; service: ServiceHead }
  | { do: 'setService'; service: ServiceHead }
  | { do: 'delService'; key: ServiceKey; service: ServiceHead }
  | { do: 'addServer'; service: ServiceHead; server: Server }
  | { do: 'setServer'; service: ServiceHead; server: Server }
  | { do: 'delServer'; service: ServiceHead; key: ServerKey; server: Server }
  | { do: 'startSync'; daemon: SyncDaemon }
  | { do: 'stopSync'; daemon: SyncDaemon };
/** `reason` is an errno name (EEXIST, ESRCH, ENOENT …). */
export type CommandFailure = { command: Command; reason: string };

/**
 * A virtual address that a packet engine answers ARP for, by the virtual router's MAC
 * 00-00-5E-00-01-{vrid}.
 */
export type OwnedAddress = {
  address: Address;
  prefixLength: number;
  interface: string;
  vrid: number;
  /** Handed over a moment ago: what still arrives is forwarded, but ARP is the new master's. */
  handedOver?: boolean;
};

/** What IPVS forgets an idle connection after. */
export type Timeouts = { tcpSeconds: number; tcpFinSeconds: number; udpSeconds: number };
/** Settings of the whole of IPVS, by the kernel's names (net.ipv4.vs); on = 1. */
export type SettingValues = Readonly<Record<string, number>>;
export type EngineInfo = {
  /** Of the kernel's IPVS, or the one that the engine is like. */
  version: string;
  connectionTableSize: number;
  timeouts: Timeouts;
};

/** What the engine did, for people and metrics. Names of drops are DropReason's. */
export type EngineStatistics = {
  connections: number;
  routed: number;
  /** Of the thread's JavaScript: packets add nothing to it. */
  heapBytes: number;
  drops: Readonly<Record<string, number>>;
  sync: Readonly<Record<string, number>>;
  interfaces: readonly {
    name: string;
    received: number;
    /** Rounds that `received` took: many frames in one are cheap. */
    batches: number;
    sent: number;
    sendFailed: number;
    /** Frames lost because the engine was too slow. */
    overruns: number;
  }[];
};

/** Who hears of a plane's connections. */
export type Hear = {
  /** A datagram; of connections as they are now. */
  told: (datagram: Buffer) => void;
  /** A datagram; of what was found in the table, by looking: less is known of it. */
  found: (datagram: Buffer) => void;
  say: (notice: Notice) => void;
  /** It will not tell of anything any more. */
  fail: (error: Error) => void;
};
/** A plane's connections as datagrams of the kernel's sync format, version 1. */
export interface ConnectionExchange {
  /** How many connections there can be. */
  readonly capacity: number;
  /** Sync threads that have to run for it, as long as it tells. */
  readonly daemons: readonly SyncDaemon[];
  /** Tells of all there are, then of each as it changes; undefined = no more. */
  tell(hear: Hear | undefined): Promise<void>;
  /** While it is on, no change is kept back for company. */
  push(on: boolean): void;
  /** Done when everything that happened until now has been told, or cannot be. */
  flush(): Promise<void>;
  /**
   * Services or servers were added, perhaps because somebody had cleared the table: puts back what it needs
   * there itself; what it was told of before has to be told again. Absent where nothing follows from it.
   */
  mend?(): Promise<void>;
  /** Takes in what the peer told of; done when it is in the table. */
  adopt(datagram: Buffer): Promise<void>;
  /** Settings of the kernel that it changed, and what they were before; absent where it changes none. */
  readonly former?: ReadonlyMap<string, string>;
  /** What a process that died had changed: put back with the rest. */
  adoptFormer?(former: ReadonlyMap<string, string>): void;
}

/** Gives packets their firewall marks, before services by mark are asked. */
export interface Marker {
  /**
   * From now on these marks and no others of ours, at once; undefined = none. Answers why not, for people:
   * then all is as it was.
   */
  mark(wanted: Marking | undefined): Promise<string | undefined>;
  /** Somebody else did: to be marked again. Absent where nobody can. `nowMs`: a clock that never steps. */
  areChanged?(nowMs: number): boolean;
}

/** A service that came or went meanwhile may be in one of the two only. */
export type Counted = { table: Table; counters: ReadonlyMap<ServiceKey, ServiceCounters> };

export interface DataPlane {
  readonly engine: 'kernel' | 'embedded';
  readonly marker: Marker;
  /** Why it will never have such a service, or such a server in it, for people; undefined = it may. */
  refusal(service: ServiceHead, server?: Server): string | undefined;
  readInfo(): Promise<EngineInfo>;
  readTable(): Promise<Table>;
  /**
   * Of the services asked for those that are there, as they are now. Absent where nobody else can change
   * them.
   */
  readServices?(services: readonly ServiceHead[]): Promise<Table>;
  readSync(): Promise<readonly SyncDaemon[]>;
  /** With the table: of thousands of services both are one long look. */
  readCounted(): Promise<Counted>;
  /** Of the servers of these services only; of a service that is not there nothing. */
  readServerCounters(
    services: readonly ServiceHead[],
  ): Promise<ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, ServerCounters>>>;
  /**
   * In order, as few system calls as possible. Later commands are tried even when one fails; failures come
   * back in order.
   */
  apply(commands: readonly Command[]): Promise<readonly CommandFailure[]>;
  /** 0 leaves one as it is. */
  changeTimeouts(timeouts: Timeouts): Promise<void>;
  /** A setting of the whole of IPVS, by the kernel's name; undefined = there is none of that name. */
  readSetting(name: string): string | undefined;
  /** Undefined, or why not: an errno name. */
  changeSetting(name: string, value: string): string | undefined;
  /**
   * How much the kernel keeps of its answers; undefined = as usual. Answers what it really is. Absent where
   * no kernel is asked.
   */
  keepBuffer?(wanted: { bytes: number; forced: boolean } | undefined): number;
  /** Takes away every service, whoever made it. Absent where nobody else can have made one. */
  flush?(): Promise<void>;
  /** Tells the engine which addresses this director owns now. The kernel's plane needs no telling. */
  own(addresses: readonly OwnedAddress[]): Promise<void>;
  /** Absent where the kernel forwards: it tells nobody. */
  readStatistics?(): Promise<EngineStatistics>;
  /** How many connections are in the table. */
  countConnections(): Promise<number>;
  /** Bit by bit: what comes or goes meanwhile may be in it or not. */
  readConnections(): AsyncIterable<ShownConnection>;
  /** For sync in user space; undefined: this plane has no way to it. */
  readonly connections?: ConnectionExchange;
  close(): Promise<void>;
}
