// What the typed configuration says of interfaces, beside their names: announcements on them, and when they
// count as up.
import type { Located } from '../core/diagnostic.ts';
import type { PolledInterface } from './schema/links.ts';

/** All times in milliseconds. */
export type GarpDefaults = {
  /** Pause before the second burst; 0 = no second burst. */
  masterDelayMs: Located<number>;
  masterRepeat: Located<number>;
  /** Periodic announcements while MASTER; 0 = none. */
  masterRefreshMs: Located<number>;
  masterRefreshRepeat: Located<number>;
  /** After an advert of lower priority; undefined = as for a new MASTER. */
  lowerPriorityDelayMs?: Located<number>;
  lowerPriorityRepeat?: Located<number>;
  /** On interfaces that adverts do not go through: those with a virtual MAC, or any. */
  extraInterfaces?: Located<{ everywhere: boolean; eachMs: number }>;
};
/** Whether a link counts as up: `linkbeat_*` and `interface_up_down_delays`. */
export type LinkWords = {
  pollsAll: boolean;
  polled: PolledInterface[];
  delays: { interface: Located<string>; downMs: Located<number>; upMs: Located<number> }[];
};
/** The packet filter: `nftables…` and what stands beside them. */
export type FilterWords = {
  table?: Located<string>;
  priority?: Located<number>;
  counters: boolean;
  /** `disable_local_igmp` */
  silencesLocalGroups: boolean;
};
/** Interfaces that share their pauses; undefined = none. */
export type GarpGroup = {
  interfaces: Located<string>[];
  garpMs?: Located<number>;
  gnaMs?: Located<number>;
};
