// What the elector is told and what it tells: settings of virtual routers, commands in, reports out.
// Plain data that can cross a thread or a pipe.
import type { Address } from '../core/address.ts';
import type { Notice } from '../core/events.ts';
import type { Route } from '../core/route.ts';
import type { Rule } from '../core/rule.ts';
import type { Pacing } from './announcements.ts';
import type { HmacSettings } from './auth.ts';
import type { BfdSettings } from './bfd/speaker.ts';
import type { LinkSettings } from './carrier.ts';
import type { FilterSettings } from './filter.ts';
import type { SchedulingSettings } from './lateness.ts';
import type { ChecksumForm } from './packet.ts';
import type { BufferPolicy } from './receive-buffer.ts';
import type { Startup } from './startup.ts';
import type { Statics } from './statics.ts';
import type { UnicastSettings } from './unicast.ts';
import type { VirtualMac } from './virtual-device.ts';

export type InstanceSettings = {
  name: string;
  interface: string;
  vrid: number;
  /** 1 to 255; 255 = address owner. */
  priority: number;
  version: 2 | 3;
  /** Of version 2, authentication PASS: eight bytes of it count. It crosses the wire in the clear. */
  password?: string;
  /** Undefined: adverts are not signed, and signed ones are dropped. */
  hmac?: HmacSettings;
  /** 10 to 40,950; whole seconds in version 2. */
  advertMs: number;
  /** Adverts that do not come before a BACKUP takes over; the same on both directors. RFC 9568: 3. */
  downAdverts: number;
  /** Of our adverts over IPv4 in version 3; either is heard. */
  checksumForm: ChecksumForm;
  /** A master announces itself again when it hears a lower advert, but does not answer with its own. */
  silentToLower?: true;
  /** A master that yields to a better one does so without a last word. */
  silentToHigher?: true;
  /** A backup compares the addresses of adverts with its own only when the master is another one. */
  trustsMaster?: true;
  /** With priority 255 no advert counts: the addresses are this machine's own. */
  deafOwner?: true;
  initialState: 'MASTER' | 'BACKUP';
  preempt: boolean;
  preemptDelayMs: number;
  /** Share of its advert socket's buffer; undefined or 0 = as for all. */
  receiveBytes?: number;
  /** A master that ran so late that one of this priority has taken over is backup. */
  yieldsTo?: number;
  /** Source of our adverts; undefined = the interface's primary address at the time. */
  source?: Address;
  /** FAULT while `source` is not on the interface. */
  tracksSource?: true;
  /** Its family is that of the adverts, by unicast too. */
  multicastGroup: Address;
  /** Not empty = unicast. */
  unicastPeers: readonly Address[];
  unicast?: UnicastSettings;
  vips: readonly VirtualAddress[];
  /** Moved with the instance, not advertised. */
  excludedVips: readonly VirtualAddress[];
  /** Removing an address keeps the others of its subnet. */
  promoteSecondaries?: true;
  /** Moved with the instance: there while its addresses are. */
  routes?: readonly Route[];
  rules?: readonly Rule[];
  /** FAULT while one of them has no link, or the instance's own interface has none. */
  trackInterfaces: readonly string[];
  weightedInterfaces: readonly WeightedInterface[];
  /** A candidate also while its own interface has no link. */
  dontTrackPrimary?: boolean;
  /** What is watched outside of the elector, and told to it by `tracker` commands. */
  tracks: readonly Track[];
  garp: GarpSettings;
  /** Undefined = everything on `interface`, with its MAC. */
  vmac?: VirtualMac;
  /** `no_accept`: packets to the addresses are not taken in, only forwarded. */
  refuses?: true;
};
/** `weight` is added to the priority while the interface is in that state. */
export type WeightedInterface = { interface: string; weight: number; while: 'up' | 'down' };
/**
 * Scripts, files, processes and BFD sessions have names of their own each. `link`: the name of an interface
 * that is polled; it is no Track.
 */
export type TrackerId = {
  kind: 'script' | 'file' | 'process' | 'bfd' | 'track_group' | 'link';
  name: string;
};
/**
 * Weight 0: FAULT while it is down, and no election before it is known. Other weights change the priority:
 * a positive one is added while up, a negative one while down; a file's number is multiplied by it.
 */
export type Track = TrackerId & { kind: Exclude<TrackerId['kind'], 'link'> } & {
  weight: number;
  /** The weight with the other sign; with weight 0, FAULT while it is up. */
  reverse: boolean;
};
/** `unknown`: not looked at yet. A file is a number. */
export type Verdict = 'up' | 'down' | 'unknown' | number;

export type VirtualAddress = {
  address: Address;
  prefixLength: number;
  interface: string;
  label?: string;
  /** rtnetlink scope: 0 global, 200 site, 253 link, 254 host, 255 nowhere. */
  scope: number;
  broadcast?: Address;
  /** The far end of a point-to-point link. */
  peer?: Address;
  /** 0xffffffff = for ever; undefined = for ever, but 0 where a single address must be no source. */
  preferredSeconds?: number;
  home?: true;
  managesTemporary?: true;
  noPrefixRoute?: true;
  joinsMulticast?: true;
  /** Duplicate address detection (IPv6). */
  detectsDuplicates?: true;
  /** Not put back when somebody else removes it. */
  untracked?: true;
};
/**
 * keepalived's garp_master_*: `repeat` at once, `repeat` after `delayMs`, then `refreshRepeat` each
 * `refreshMs` (0 = never).
 */
export type GarpSettings = {
  delayMs: number;
  repeat: number;
  refreshMs: number;
  refreshRepeat: number;
  /** After an advert of lower priority; undefined = as after becoming MASTER. */
  lowerPriorityDelayMs?: number;
  lowerPriorityRepeat?: number;
  /** One packet each, for interfaces that adverts do not go through. */
  elsewhere?: { eachMs: number; vips: readonly VirtualAddress[] };
};

export type ElectorSettings = {
  instances: readonly InstanceSettings[];
  /** Undefined = none. */
  groups?: readonly GroupSettings[];
  /** BFD sessions, tracked by instances or not; undefined = none. */
  bfd?: readonly BfdSettings[];
  /** Interfaces whose state counts after a while, or is looked at; undefined = none. */
  links?: readonly LinkSettings[];
  /** Undefined = a table of ours, after IPVS. */
  filter?: FilterSettings;
  /** `igmp_link_local_mcast_reports` is off: no reports of 224.0.0.0/24. */
  silencesLocalGroups?: true;
  /** Pauses between gratuitous ARPs and neighbour advertisements; undefined = none. */
  pacing?: Pacing;
  /** Undefined = none. */
  statics?: Statics;
  startup?: Startup;
  /**
   * Until a `connections` command says that they are known, a better backup leaves mastership with a worse
   * master, for so long at most. Undefined = it does not wait.
   */
  preemptWaitMs?: number;
  scheduling?: SchedulingSettings;
  /** Of advert sockets; undefined = what the system gives. */
  receiveBuffer?: BufferPolicy;
  /** Of netlink sockets: by which changes are made, and by which events come. Undefined = ample. */
  netlinkCommands?: NetlinkBuffer;
  netlinkEvents?: NetlinkBuffer;
  /** Adverts of virtual routers that are not configured are told of. */
  logsUnknownIds?: true;
  /** SCHED_RR priority; 0 = do not ask. */
  realtimePriority: number;
  /** valid_lft of our addresses; 0 = no lease. */
  leaseSeconds: number;
  /**
   * `kernel`: addresses on interfaces. `engine`: the embedded packet engine answers for them, by the
   * virtual router's MAC.
   */
  addresses: 'kernel' | 'engine';
};

/** `forced`: beyond the system's limit (rmem_max). */
export type NetlinkBuffer = { bytes: number; forced: boolean };

/** A sync group: its members, by name, change state together. No instance is in two. */
export type GroupSettings = { name: string; members: readonly string[] };

/**
 * LEAVING: a master that handed over and goes on serving until the new master's first advert (or its time
 * is up).
 */
export type State = 'INIT' | 'BACKUP' | 'MASTER' | 'LEAVING' | 'FAULT';

export type ElectorCommand =
  /**
   * The first one starts; a later one changes only what differs. Instances gone from it hand over and
   * leave nothing.
   */
  | { type: 'configure'; settings: ElectorSettings }
  /**
   * What a tracker found. May come before the settings that name it: what is not named when settings come is
   * forgotten.
   */
  | { type: 'tracker'; tracker: TrackerId; verdict: Verdict }
  /** Whether all the connections that the peer forwards are known here; until the first one they are not. */
  | { type: 'connections'; known: boolean }
  /** Drill: every MASTER hands over and stays BACKUP that does not run for `holdMs`, then elects as usual. */
  | { type: 'drill'; holdMs: number }
  /** Planned stop: hand over, remove everything of ours, answer `stopped`. */
  | { type: 'stop' }
  | { type: 'snapshot'; id: number };

export type ElectorReport =
  | { type: 'running'; realtime: boolean; startedMs: number }
  /** `atMs`: CLOCK_MONOTONIC. */
  | {
      type: 'state';
      instance: string;
      from: State;
      to: State;
      reason: string;
      priority: number;
      atMs: number;
    }
  /** All members of a sync group; comes after theirs. */
  | { type: 'group'; group: string; from: State; to: State; atMs: number }
  | { type: 'notice'; notice: Notice }
  | { type: 'drill'; instance: string; step: DrillStep; atMs: number }
  | { type: 'snapshot'; id: number; instances: readonly InstanceStatus[] }
  /** All that is to be put back. */
  | { type: 'sysctls'; former: FormerSysctls }
  | { type: 'stopped' }
  | { type: 'failed'; message: string; code: string };
/**
 * handedOver: priority 0 is sent. relieved: the first advert of another master came, or nobody took it.
 * returned: election is open again.
 */
export type DrillStep = 'handedOver' | 'relieved' | 'unrelieved' | 'returned';

/** Settings that were changed, by path under /proc/sys/net, and what they were before. */
export type FormerSysctls = ReadonlyMap<string, string>;

export type InstanceStatus = {
  name: string;
  state: State;
  sinceMs: number;
  priority: number;
  /** Who advertised last, and with what priority; undefined when nobody has. */
  lastMaster?: { address: Address; priority: number; atMs: number };
  /** How far the clock of the last signed advert was ahead of ours; undefined without a signature. */
  clockSkewMs?: number;
  counters: Readonly<Record<string, number>>;
};
