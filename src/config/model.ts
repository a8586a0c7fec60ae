// The typed configuration: what the text says, each value with its place. Plain data; made by the config
// pipeline from keepalived's language (or, later, YAML) and turned into settings for election, IPVS and
// checks by src/director/plan.ts.
import type { Address, Prefix } from '../core/address.ts';
import type { Located, Span } from '../core/diagnostic.ts';
import type { Route } from '../core/route.ts';
import type { Rule } from '../core/rule.ts';
import type { FilterWords, GarpDefaults, GarpGroup, LinkWords } from './model-links.ts';
import type { GlobalNotify, Mail, Notify, Program } from './model-notify.ts';
import type { IpvsWords, ServersSetting, SettingWords, VirtualServer } from './model-services.ts';
import type { Statics } from './model-statics.ts';
import type { IpvlanMode } from './schema/virtual-device.ts';

export type Configuration = {
  global: GlobalDefs;
  instances: VrrpInstance[];
  syncGroups: SyncGroup[];
  trackers: Trackers;
  garpGroups: GarpGroup[];
  links: LinkWords;
  statics: Statics;
  virtualServers: VirtualServer[];
  director: DirectorBlock;
  /** Undefined = no relay, no mail. */
  mail?: Mail | undefined;
};

export type GlobalDefs = {
  routerId?: Located<string>;
  vrrpVersion: Located<2 | 3>;
  syncDaemon?: SyncDaemonSetting;
  /** SCHED_RR priority of the elector, 1 to 99; 0 = do not ask for it. */
  vrrpRealtimePriority: Located<number>;
  /** Adverts that do not come before a BACKUP takes over. */
  downTimerAdverts: Located<number>;
  /** `v3_checksum_as_v2`: without the pseudo-header. */
  plainChecksum: Located<boolean>;
  /** A MASTER does not answer adverts of lower priority. */
  lowerPriorityNoAdvert: Located<boolean>;
  ownerIgnoresAdverts: Located<boolean>;
  /** A MASTER that yields to a better one sends one more advert. */
  higherPriorityAdvert: Located<boolean>;
  skipsAddressCheck: Located<boolean>;
  logsUnknownIds: boolean;
  running: RunningSettings;
  /** `vrrp_strict`: of instances that do not say themselves. */
  strict: Located<boolean>;
  /** Unicast adverts of others than the peers do not count. */
  checksUnicastSource: Located<boolean>;
  multicastGroup4: Located<Address>;
  multicastGroup6: Located<Address>;
  vmacPrefix: Located<string>;
  /** Undefined = the same. */
  vmacAddressPrefix?: Located<string>;
  filter: FilterWords;
  garp: GarpDefaults;
  /** Pauses on interfaces that are in no group; undefined = none. */
  garpIntervalMs?: Located<number>;
  gnaIntervalMs?: Located<number>;
  notify: GlobalNotify;
  ipvs: IpvsWords;
};

/** How the elector runs. */
export type RunningSettings = {
  startupDelayMs?: Located<number>;
  afterBootMs?: Located<number>;
  nice?: Located<number>;
  cpus?: Located<number[]>;
  rttimeUs?: Located<number>;
  /** The same of BFD, which is in the same thread: nothing without a session. */
  bfd: {
    nice?: Located<number>;
    cpus?: Located<number[]>;
    rttimeUs?: Located<number>;
    realtimePriority?: Located<number>;
  };
  /** Undefined or below 1: it is not raised. */
  maxAutoPriority?: Located<number>;
  lateUs: Located<number>;
  receiveBuffer?: Located<'MTU' | 'ADVERT' | number>;
  receiveMultiplier: Located<number>;
  /** Undefined or 0 bytes: as if nothing was said. */
  names: ProcessNames;
  netlinkCommands: BufferWords;
  netlinkEvents: BufferWords;
};
/** What ps calls whom; `elector` and `bfd`: the same thread. */
export type ProcessNames = Partial<Record<'director' | 'elector' | 'bfd' | 'balancer', Located<string>>>;
/** The receive buffer of a netlink socket; `forced`: whatever rmem_max says. */
export type BufferWords = { bytes?: Located<number>; forced: Located<boolean> };

/** `lvs_sync_daemon IF [inst] VRRP_INSTANCE [id N] [maxlen N] [port N] [ttl N] [group ADDR]`. */
export type SyncDaemonSetting = {
  at: Span;
  interface: Located<string>;
  instance?: Located<string>;
  /** 0 to 255; defaults to the VRID of the instance. */
  id?: Located<number>;
  maxlen?: Located<number>;
  port?: Located<number>;
  ttl?: Located<number>;
  group?: Located<Address>;
};

export type VrrpInstance = {
  at: Span;
  name: Located<string>;
  /** `state MASTER|BACKUP`. */
  initialState: Located<'MASTER' | 'BACKUP'>;
  interface: Located<string>;
  virtualRouterId: Located<number>;
  /** 1 to 255; 255 is the address owner. */
  priority: Located<number>;
  /** Undefined = global_defs vrrp_version. */
  version?: Located<2 | 3>;
  /** Of adverts of version 2 with `auth_type PASS`; eight bytes of it count. */
  password?: Located<string>;
  /** Signatures of adverts. */
  hmac?: AuthHmac;
  advertIntervalMs: Located<number>;
  nopreempt: Located<boolean>;
  preemptDelayMs: Located<number>;
  /** `timer_expired_backup`: who has run late enough for a router of this priority is BACKUP. */
  highestOther?: Located<number>;
  receiveBytes?: Located<number>;
  /** FAULT while one of them is down. */
  trackInterfaces: Located<string>[];
  weightedInterfaces: WeightedInterface[];
  /** Of its sync group, too. */
  tracks: TrackedName[];
  /** `dont_track_primary`: a candidate also while its own interface has no link. */
  dontTrackPrimary: boolean;
  /** `linkbeat_use_polling` of an instance: its own interface. */
  pollsLink: boolean;
  virtualAddresses: VirtualAddress[];
  virtualAddressesExcluded: VirtualAddress[];
  /** `mcast_src_ip` or `unicast_src_ip`. */
  sourceAddress?: Located<Address>;
  /** `track_src_ip`; not without a source address. */
  tracksSource?: Located<true>;
  unicastPeers: UnicastPeer[];
  unicastTtl?: Located<number>;
  /** `old_unicast_checksum`: of adverts that are sent; `never`: such ones do not even count. */
  oldChecksum?: Located<'always' | 'never'>;
  /** Undefined = the global value. */
  checksUnicastSource?: Located<boolean>;
  /** `unicast_fault_no_peer`, and there is no peer. */
  lacksPeers?: Located<true>;
  promoteSecondaries: boolean;
  routes: Route[];
  rules: Located<Rule>[];
  /** `mcast_dst_ip`; like the two below, undefined = the global value. */
  multicastGroup?: Located<Address>;
  downTimerAdverts?: Located<number>;
  plainChecksum?: Located<boolean>;
  lowerPriorityNoAdvert?: Located<boolean>;
  higherPriorityAdvert?: Located<boolean>;
  ownerIgnoresAdverts?: Located<boolean>;
  skipsAddressCheck?: Located<boolean>;
  vmac?: VirtualMacSetting;
  /** Not beside `vmac`. */
  ipvlan?: IpvlanSetting;
  /** `use_vmac_addr`: also for addresses on other interfaces, or of the other family. */
  virtualMacsElsewhere: boolean;
  /** `no_accept` */
  refusesPackets?: Located<true>;
  /** Empty of overrides = the global values. */
  garp: Partial<GarpDefaults>;
  notify: Notify;
};

/** Adverts of it with a TTL beyond do not count. */
export type UnicastPeer = Located<Address> & { minTtl?: Located<number>; maxTtl?: Located<number> };

/** `use_vmac [NAME] [MAC] [group N]`. */
export type VirtualMacSetting = {
  at: Span;
  name?: string;
  mac?: string;
  group?: number;
  /** `vmac_xmit_base`, and always for unicast. */
  sendsOnBase: boolean;
};

/** `use_ipvlan [NAME] [ADDRESS] [bridge|private|vepa] [group N]`. */
export type IpvlanSetting = {
  at: Span;
  name?: string;
  /** Of the family of the instance; over IPv4 always there. */
  address?: Prefix;
  mode: IpvlanMode;
  group?: number;
};

export type AuthHmac = {
  at: Span;
  keys: HmacKey[];
  /** Id of the one that signs; it is among them. */
  activeKey: Located<number>;
  mode: Located<'enforce' | 'permissive' | 'receive-only'>;
  antiReplay: Located<'time' | 'monotonic'>;
  windowSeconds: Located<number>;
};
/** Of a file only its name, until it has been read. */
export type HmacKey = SharedKey & { id: Located<number> };
export type SharedKey = { at: Span; source: { hex: string } | { file: string } };

/** `track_interface`: changes the priority, `reverse` with the other sign. */
export type WeightedInterface = { interface: Located<string>; weight: Located<number>; reverse: boolean };

/** An entry of `track_file`, `track_process`, `track_script`, `track_bfd`. */
export type TrackedName = {
  kind: 'file' | 'process' | 'script' | 'bfd';
  name: Located<string>;
  /** Undefined = that of the block, with its direction. */
  weight?: Located<number>;
  reverse: boolean;
};
/** What is watched; of each kind no name twice. */
export type Trackers = {
  files: TrackFile[];
  processes: TrackProcess[];
  scripts: TrackScript[];
  sessions: BfdInstance[];
};
export type BfdInstance = {
  name: Located<string>;
  neighbour: Located<Address>;
  source?: Located<Address>;
  minRxMs: number;
  minTxMs: number;
  idleTxMs: number;
  multiplier: number;
  passive: boolean;
  /** TTL or hop limit of what is sent. */
  hopLimit: number;
  /** 255 = any number. */
  maxHops: number;
  multihop: boolean;
  /** It may be tracked. */
  tellsVrrp: boolean;
  weight: number;
  reverse: boolean;
};
export type TrackScript = {
  name: Located<string>;
  program: Program;
  intervalMs: number;
  timeoutMs: number;
  rise: number;
  fall: number;
  /** Down, not unknown, before the first run. */
  initFail: boolean;
  weight: number;
  reverse: boolean;
};
export type TrackFile = {
  name: Located<string>;
  path: Located<string>;
  weight: number;
  reverse: boolean;
  /** What is written when the file is not there, or, with `overwrite`, in any case. */
  init?: { value: number; overwrite: boolean };
};
export type TrackProcess = {
  name: Located<string>;
  command: string;
  parameters: readonly string[];
  /**
   * partial: the first parameters are these. initial: the same, and the last one of these only begins so.
   * any: parameters are not looked at.
   */
  match: 'exact' | 'partial' | 'initial' | 'any';
  fullCommand: boolean;
  quorum: number;
  quorumMax: number;
  terminateDelayMs: number;
  forkDelayMs: number;
  weight: number;
  reverse: boolean;
};
/** Members are instances that there are, and in no other group. */
export type SyncGroup = { name: Located<string>; members: Located<string>[]; notify: Notify };

export type VirtualAddress = {
  at: Span;
  prefix: Located<Prefix>;
  /** `dev`; undefined = the instance's interface. */
  interface?: Located<string>;
  label?: Located<string>;
  scope?: Located<'global' | 'link' | 'site' | 'host' | 'nowhere'>;
  broadcast?: Located<Address>;
  /** The far end of a point-to-point link. */
  peer?: Located<Address>;
  /** Seconds; 4,294,967,295 = for ever. Undefined = for ever, but 0 for a single address. */
  preferredSeconds?: Located<number>;
  /** Words that are there or not. */
  /** `use_vmac` of an address. */
  onVirtualMac?: true;
  flags: AddressFlag[];
};

export type AddressFlag = (typeof ADDRESS_FLAGS)[number];
export const ADDRESS_FLAGS = [
  'home',
  'mngtmpaddr',
  'noprefixroute',
  'autojoin',
  '-nodad',
  'no_track',
] as const;

/** The URL is a secret. */
export type Webhook = { url: Located<string>; timeoutMs: Located<number> };

/** The top-level block `director { … }`: settings that keepalived does not have. */
export type DirectorBlock = {
  engine: Located<'auto' | 'kernel' | 'embedded'>;
  /** Unknown words and wrong values are left out, as keepalived does, instead of being errors. */
  compat: Located<boolean>;
  /** How long a handed-over director stays away in a drill. */
  drillHoldMs: Located<number>;
  webhooks: Webhook[];
  /** Lifetime of a virtual address that nobody renews, whole seconds; 0 = no lease. */
  vipLeaseSeconds: Located<number>;
  /** Where USR1 and the flight recorder write; default /run/lvs-director. */
  runtimeDirectory: Located<string>;
  /** The control socket; undefined = in the runtime directory. */
  control?: Located<string>;
  /** How many recordings of the flight recorder are kept there. */
  recordings: Located<number>;
  /** Where HTTP is answered; undefined = nowhere. */
  web?: Located<WebPlace>;
  /** The metrics have keepalived-exporter's names, too. */
  keepalivedNames: Located<boolean>;
  sync?: SyncSetting;
  servers: ServersSetting;
  ipvs: SettingWords;
};

/** `sync { … }`: where the balancers of two directors meet, and by what they know each other. */
export type SyncSetting = {
  at: Span;
  listen: SyncPlace;
  peer: SyncPlace;
  /** Of the two, which are link-local. */
  interface?: Located<string>;
  proof: SyncProofSetting;
  /** 0 = does not wait. */
  preemptWaitMs: Located<number>;
  /** Of the connections, which the peer has to know before a drill. */
  leastPercent: Located<number>;
};
export type SyncProofSetting =
  /** At least one; the first is tried first. */
  { by: 'psk'; keys: SharedKey[] } | SyncCertificatesSetting;
export type SyncCertificatesSetting = {
  by: 'certificates';
  certificate: PemFile;
  privateKey: PemFile;
  authority: PemFile;
  /** Whom the peer's certificate has to be for; the peer's address unless given. */
  peerName?: Located<string>;
};
/** `pem`: what is in it, once that has been read and is what it has to be. */
export type PemFile = { at: Span; file: string; pem?: string };
export type SyncPlace = { address: Located<Address>; port: number };
export type WebPlace = { address: Address; port: number };
