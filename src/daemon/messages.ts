// What the director process and its balancer child say to each other over the IPC channel (structured
// clone: maps allowed).

import type { Marks } from '../config/marks.ts';
import type { NameFile } from '../config/names.ts';
import type { KeyFile } from '../config/rules/keys.ts';
import type { LoggedEvent } from '../console/people.ts';
import type { Recording } from '../console/recording.ts';
import type { Source } from '../core/diagnostic.ts';
import type { EventName } from '../core/events.ts';
import type { Coverage } from '../director/handover.ts';
import type { Timeouts } from '../ipvs/plane.ts';
import type {
  ElectorSettings,
  FormerSysctls,
  InstanceStatus,
  State,
  TrackerId,
  Verdict,
} from '../vrrp/settings.ts';

/** Command line of `run`, as far as both processes need it. */
export type RunOptions = {
  files: readonly string[];
  /** Log for people (`-l` on a terminal), not JSON. */
  people: boolean;
  /** keepalived's -I: leave the services in the kernel at a planned stop. */
  keepServices: boolean;
  /** keepalived's -R: do not start the balancer again when it dies. */
  respawn: boolean;
  /** As lenient as keepalived. */
  compat: boolean;
  /** keepalived's -i; undefined = the short host name. */
  configId?: string | undefined;
};

/**
 * The texts in force: the files named, and what their `include`s brought, by pattern and including file; the
 * files with keys, by path; iproute2's files of names; and the seed of what they left to chance.
 */
export type Accepted = {
  sources: readonly Source[];
  includes: ReadonlyMap<string, readonly Source[]>;
  keyFiles: ReadonlyMap<string, KeyFile>;
  nameFiles: ReadonlyMap<NameFile, string>;
  seed: number;
};

/**
 * Of the kernel's IPVS before a balancer changed it: should that one die, the next one puts it back.
 * `sysctls`: by sync, by path; `settings`: by the file and by drains, by name; `marks`: those given, to go on
 * with.
 */
export type FormerIpvs = {
  sysctls: FormerSysctls;
  settings: FormerSysctls;
  timeouts?: Timeouts | undefined;
  marks?: Marks | undefined;
};

/** What the director's process knows and the balancer's does not. */
export type DirectorFacts = {
  instances: readonly InstanceStatus[];
  /** CLOCK_MONOTONIC of the director when it asked: the instances' times are of it. */
  monotonicMs: number;
  startedAtMs: number;
  /** How many it logged of each. */
  events: ReadonlyMap<EventName, number>;
};

export type ToBalancer =
  /**
   * `accepted`: the texts in force, when a former balancer died: files may have been edited meanwhile, and
   * that is no reload.
   */
  | {
      type: 'start';
      options: RunOptions;
      accepted?: Accepted;
      states: ReadonlyMap<string, State>;
      /** What the former balancer was told of: a copy, as `states` goes on until this is sent. */
      told: ReadonlyMap<string, State>;
      /** See `sysctls`. */
      former: FormerSysctls;
      formerIpvs: FormerIpvs;
    }
  | { type: 'reload' }
  | { type: 'state'; instance: string; state: State; priority: number }
  | { type: 'group'; group: string; state: State }
  /** What to put back into the kernel's settings, should the director die. */
  | { type: 'sysctls'; former: FormerSysctls }
  /** A master heard an advert of lower priority; `priority` is its own. */
  | { type: 'heardLower'; instance: string; priority: number }
  | { type: 'priority'; instance: string; priority: number }
  | { type: 'rehearse'; facts: DirectorFacts }
  /** Waits so long for the peer to know what there is. */
  | { type: 'count'; flushMs: number }
  /** To be written. */
  | { type: 'recording'; recording: Recording }
  /** To be written. */
  | { type: 'dump'; facts: DirectorFacts; lastEvents: readonly LoggedEvent[] }
  /** What was asked for. */
  | { type: 'facts'; facts: DirectorFacts }
  | { type: 'stop' };

export type ToDirector =
  /** What a tracker found. One that is known at once is told before `configured`. */
  | { type: 'tracker'; tracker: TrackerId; verdict: Verdict }
  /** Whether the connections that the peer forwards are known here. Not told = they are not. */
  | { type: 'connections'; known: boolean }
  | {
      type: 'configured';
      elector: ElectorSettings;
      drillHoldMs: number;
      /** Of the connections, which the peer has to know before a drill; undefined = nothing is told to it. */
      leastPercent: number | undefined;
      /** Undefined = as usual. */
      processName?: string | undefined;
      /** How long the operator's own program may take when all else is done. */
      shutdownMs: number;
      accepted: Accepted;
    }
  /**
   * A first configuration that cannot run; `exitCode` is that of `run`. The text is the rendered
   * diagnostics.
   */
  | { type: 'rejected'; exitCode: 2 | 6; text: string }
  | { type: 'failed'; exitCode: 1 | 4; message: string; hint?: string }
  /** `coverage`: with sync only. */
  | { type: 'counted'; connections: number; coverage?: Coverage | undefined }
  | { type: 'formerIpvs'; former: FormerIpvs }
  | { type: 'askFacts' }
  | { type: 'stopped' };
