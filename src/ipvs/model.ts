// Virtual services as IPVS has them: the words every data plane, reconcile and the printers share.
import { type Address, endpoint, type Family, familyOf } from '../core/address.ts';
import type { Method, Protocol } from '../core/forwarding.ts';

export type { Forwarding, Protocol, Tunnel } from '../core/forwarding.ts';
/**
 * `TCP 192.0.2.1:80`, `FWM 7`, `FWM 7 IPv6`: identifies a service in a table. Make it with {@link
 * serviceKey}.
 */
export type ServiceKey = string;
/** `10.1.0.21:8080`: identifies a server in its service. Make it with {@link serverKey}. */
export type ServerKey = string;

/** Which packets are a service's: those to one address and port; port 0 = every one of the address … */
export type AddressSelector = { protocol: Protocol; address: Address; port: number };
/** … or those of one family that carry a firewall mark, whatever their protocol, address and port. */
export type MarkSelector = { mark: number; family: Family };
export type Selector = AddressSelector | MarkSelector;

export type ServiceSettings = {
  /** Kernel scheduler name: rr, wlc, mh … */
  scheduler: string;
  /** IP_VS_SVC_F_SCHED1 … 3 (0x8, 0x10, 0x20) or'ed: sh-fallback, sh-port, mh-port, flag-1 … */
  schedulerFlags: number;
  /** 0 = not persistent. */
  persistenceSeconds: number;
  /** Prefix length that clients are grouped by: 32 or 128 = one address. */
  persistencePrefix: number;
  /** Who finds more in a packet than its addresses: sip. Undefined = nobody. */
  persistenceEngine?: string;
  onePacket: boolean;
};
export type ServiceHead = Selector & ServiceSettings;
export type Service = ServiceHead & { servers: ReadonlyMap<ServerKey, Server> };

export type Server = Method & {
  /** Of another family than the service's only with TUN. */
  address: Address;
  port: number;
  weight: number;
  /** Connections above which a server gets no new ones, and below which it gets them again; 0 = no limit. */
  upperThreshold: number;
  lowerThreshold: number;
};
export type Table = ReadonlyMap<ServiceKey, Service>;

/** Totals since the service or server was added, or since they were set to zero. */
export type Counters = {
  connections: bigint;
  inPackets: bigint;
  outPackets: bigint;
  inBytes: bigint;
  outBytes: bigint;
  /** Undefined = the engine does not keep them. */
  rates?: Rates;
};
/** Each per second, averaged over the last seconds: a new value counts for a quarter, every two seconds. */
export type Rates = {
  connections: number;
  inPackets: number;
  outPackets: number;
  inBytes: number;
  outBytes: number;
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

export function serviceKey(selector: Selector): ServiceKey {
  if ('mark' in selector) return `FWM ${selector.mark}${selector.family === 6 ? ' IPv6' : ''}`;
  return `${selector.protocol} ${endpoint(selector.address, selector.port)}`;
}

export function familyOfService(selector: Selector): Family {
  return 'mark' in selector ? selector.family : familyOf(selector.address);
}

export function serverKey(server: Pick<Server, 'address' | 'port'>): ServerKey {
  return endpoint(server.address, server.port);
}
