// Virtual services as IPVS has them: the words every data plane, reconcile and the printers share.
import { type Address, endpoint } from '../core/address.ts';

export type Protocol = 'TCP' | 'UDP';
export type Forwarding = 'NAT' | 'DR' | 'TUN';
/** `TCP 192.0.2.1:80`: identifies a service in a table. Make it with {@link serviceKey}. */
export type ServiceKey = string;
/** `10.1.0.21:8080`: identifies a server in its service. Make it with {@link serverKey}. */
export type ServerKey = string;

export type Service = {
  protocol: Protocol;
  address: Address;
  port: number;
  /** Kernel scheduler name: rr, wlc, mh … */
  scheduler: string;
  /** IP_VS_SVC_F_SCHED1 … 3 (0x8, 0x10, 0x20) or'ed: sh-fallback, sh-port, mh-port, flag-1 … */
  schedulerFlags: number;
  /** 0 = not persistent. */
  persistenceSeconds: number;
  /** Prefix length that clients are grouped by: 32 or 128 = one address. */
  persistencePrefix: number;
  onePacket: boolean;
  servers: ReadonlyMap<ServerKey, Server>;
};
export type Server = {
  address: Address;
  port: number;
  forwarding: Forwarding;
  weight: number;
  /** Connections above which a server gets no new ones, and below which it gets them again; 0 = no limit. */
  upperThreshold: number;
  lowerThreshold: number;
};
export type Table = ReadonlyMap<ServiceKey, Service>;

/** `ip_vs_stats_user`: totals since the service or server was added. */
export type Counters = {
  connections: bigint;
  inPackets: bigint;
  outPackets: bigint;
  inBytes: bigint;
  outBytes: bigint;
};
export type ServerCounters = Counters & {
  activeConnections: number;
  inactiveConnections: number;
  persistentConnections: number;
};
export type ServiceCounters = Counters & { servers: ReadonlyMap<ServerKey, ServerCounters> };

/** One kernel sync thread (or its counterpart in the embedded engine). */
export type SyncDaemon = {
  role: 'master' | 'backup';
  interface: string;
  id: number;
  /** Undefined = the kernel's default. Bytes. */
  maxlen?: number;
  port?: number;
  ttl?: number;
  group?: Address;
};

export function serviceKey(service: Pick<Service, 'protocol' | 'address' | 'port'>): ServiceKey {
  return `${service.protocol} ${endpoint(service.address, service.port)}`;
}

export function serverKey(server: Pick<Server, 'address' | 'port'>): ServerKey {
  return endpoint(server.address, server.port);
}
