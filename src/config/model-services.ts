// Virtual and real servers as the file has them, each value with its place.
import type { Address, Family } from '../core/address.ts';
import type { Located, Span } from '../core/diagnostic.ts';
import type { Method, Protocol } from '../core/forwarding.ts';
import type { AddressRange } from '../core/range.ts';
import type { Program } from './model-notify.ts';

/** Whose packets are a service's: of a group those of each member. */
export type Selects =
  /** Port 0 = every one (persistent services only). */
  | { by: 'address'; address: Located<Address>; port: Located<number> }
  | { by: 'mark'; mark: Located<number>; family: Family }
  | {
      by: 'group';
      group: Located<string>;
      members: readonly GroupMember[];
      /** Which virtual server of the group it is, of one that is not the first of its protocol. */
      number?: number;
    };
export type GroupMember =
  | { addresses: Located<AddressRange>; port: number }
  | { mark: Located<number>; family: Family };

/** Of `global_defs`. */
export type IpvsWords = {
  /** 0 = as it is. */
  timeouts?: { tcpSeconds: number; tcpFinSeconds: number; udpSeconds: number };
  /** Everything, whoever made it. */
  flushesAtStart: boolean;
  flushesAtStop: boolean;
  /** Of the socket by which it is programmed; undefined = as usual. `forced`: whatever rmem_max says. */
  netlinkBuffer?: { bytes: number; forced: boolean };
  /** Groups are services by firewall mark, from `start` on, which a table of nf_tables sets. */
  marks?: MarkWords;
};
/** `nftables_ipvs…`; `counters`: of each range, `nftables_counters`. */
export type MarkWords = { table: string; priority: number; start: number; counters: boolean };

/** `ipvs { … }` of director: only what is named, in the kernel's words and numbers (on = 1). */
export type SettingWords = Readonly<Record<string, Located<number>>>;

export type VirtualServer = {
  at: Span;
  selects: Selects;
  /** Of the addresses; firewall marks have none. */
  protocol: Located<Protocol>;
  scheduler: Located<string>;
  schedulerFlags: Located<string>[];
  method: Located<Method>;
  /** Seconds; 0 = not persistent. */
  persistenceSeconds: Located<number>;
  /** Prefix length that clients are grouped by; undefined = one client address. */
  persistencePrefix?: Located<number>;
  persistenceEngine?: Located<string>;
  onePacket: Located<boolean>;
  alpha: Located<boolean>;
  inhibitOnFailure: Located<boolean>;
  /** Weight that is enough: no more than all servers have, or 1. */
  quorum: Located<number>;
  /** Below the quorum. */
  hysteresis: Located<number>;
  sorryServer?: SorryServer;
  notifyQuorumUp?: Program;
  notifyQuorumDown?: Program;
  /** `smtp_alert`; undefined = as `checkerMailDefault`, and without that it is not mailed of. */
  mails?: Located<boolean>;
  /** `omega` */
  tellsStop: Located<boolean>;
  /** `ha_suspend` */
  suspends: Located<boolean>;
  check: CheckDefaults;
  realServers: RealServer[];
};

export type SorryServer = {
  address: Located<Address>;
  port: Located<number>;
  method: Located<Method>;
  inhibits: boolean;
};

/**
 * Probe settings given at virtual server level; undefined = the checker's own default. All times in
 * milliseconds.
 */
export type CheckDefaults = {
  delayLoopMs?: Located<number>;
  connectTimeoutMs?: Located<number>;
  retry?: Located<number>;
  delayBeforeRetryMs?: Located<number>;
  warmupMs?: Located<number>;
};

export type RealServer = {
  at: Span;
  address: Located<Address>;
  /** Of NAT; other methods leave the port as it is. 0 = as it came. */
  port: Located<number>;
  weight: Located<number>;
  method?: Located<Method>;
  inhibitOnFailure?: Located<boolean>;
  upperThreshold: Located<number>;
  lowerThreshold: Located<number>;
  notifyUp?: Program;
  notifyDown?: Program;
  /** `smtp_alert`; undefined = as `checkerMailDefault`, and without that it is mailed of. */
  mails?: Located<boolean>;
  checks: Check[];
};

export type Check = TcpCheck;
/** What it inherits is filled in; without a `warmupMs` it is delayLoopMs. */
export type TcpCheck = Required<Omit<CheckDefaults, 'warmupMs'>> & {
  warmupMs?: Located<number>;
  type: 'TCP_CHECK';
  at: Span;
  connectAddress?: Located<Address>;
  connectPort?: Located<number>;
  bindAddress?: Located<Address>;
  alpha?: Located<boolean>;
};

/** `servers { … }` of director: how real servers come into service and leave it. */
export type ServersSetting = ServerPolicy & { exceptions: ServerException[] };
export type ServerPolicy = {
  /** 0 = the whole weight at once. */
  slowStartMs: Located<number>;
  drainsRemoved: Located<boolean>;
  drainDeadlineMs: Located<number>;
  expiresTemplates: Located<boolean>;
};
/** Of every virtual server that this selects: several protocols may be at one address. */
export type ServerException = Partial<ServerPolicy> & { at: Span; selects: ExceptionSelects };
export type ExceptionSelects = { address: Address; port: number } | { mark: number } | { group: string };
