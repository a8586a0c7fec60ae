// What a virtual router can be, what can happen to it and what it can want done: the words of machine.ts,
// which decides.
import type { DrillStep, InstanceSettings, State } from './settings.ts';

export type Timer =
  | 'masterDown'
  | 'preemptDelay'
  /** The longest that a better backup waits to know the connections. */
  | 'connections'
  | 'hold'
  | 'linger'
  | 'advert'
  | 'announce'
  | 'reannounce'
  /** Whoever gave way has no address of ours any more. */
  | 'settle'
  | 'refresh'
  | 'elsewhere'
  /** Masters beside us, if any, were silent for so long that there are none any more. */
  | 'rival'
  | 'leave';
export type Event =
  | { type: 'start'; linkUp: boolean }
  | { type: 'stop' }
  | { type: 'drill'; holdMs: number }
  | { type: 'link'; up: boolean }
  | { type: 'expired'; timer: Timer }
  /** `higherAddress`: the sender's address is above ours. Asked between equal priorities only. */
  | { type: 'advert'; priority: number; intervalMs: number; higherAddress: boolean }
  /** The advert timer is this late: longer than a backup waits for us. */
  | { type: 'paused' }
  /** `own` is not what it was at the last step. */
  | { type: 'reconfigured' }
  /** Only its priority is not. */
  | { type: 'priority' }
  /** The connections are known now, or no longer: `preemptWaitMs` of `own`. */
  | { type: 'connections' };
export type Reason =
  | 'started'
  | 'configured again'
  | 'address owner'
  | 'no master heard'
  | 'better master'
  | 'link down'
  | 'link up'
  | 'stopping'
  | 'drill'
  | 'paused'
  | 'relieved'
  | 'nobody took over'
  | 'stopped'
  | 'sync group';
export type Effect =
  /** Disarms every timer. Comes first of a transition's effects. */
  | { do: 'enter'; state: State; reason: Reason }
  /** `atMost`: unless it is due sooner, or was. */
  | { do: 'arm'; timer: Timer; ms: number; atMost?: true }
  | { do: 'disarm'; timer: Timer }
  /** `intervalMs`: another than ours. */
  | { do: 'send'; priority: number; intervalMs?: number }
  | { do: 'addVips' }
  | { do: 'removeVips' }
  /** Gratuitous ARP and unsolicited neighbour advertisements, each address so many times. */
  | { do: 'announce'; repeat: number }
  /** `elsewhere` of the settings of announcements. */
  | { do: 'announceElsewhere' }
  | { do: 'drillStep'; step: DrillStep }
  /** It is better than the master, and waits for the connections, or did. */
  | { do: 'tellWait'; step: 'begins' | 'known' | 'over'; waitMs: number }
  /** There is another master, a worse one. */
  | { do: 'rival'; priority: number };

/** How a backup takes a master of lower priority; `waiting`: its time runs. */
export type Patience = 'accepts' | 'waiting' | 'over';
export type Router =
  | { state: 'INIT' }
  | { state: 'FAULT' }
  | Backup
  | { state: 'MASTER' }
  | { state: 'LEAVING'; purpose: Purpose; relieved: boolean };
/** `patience`: while preempt_delay lasts; `connections`: while they are not known here. */
export type Backup = {
  state: 'BACKUP';
  masterAdvertMs: number;
  patience: Patience;
  connections: Patience;
  held: boolean;
};
export type Purpose = { for: 'stop' } | { for: 'drill'; holdMs: number } | { for: 'pause' };
/** What of the settings an election depends on. */
export type Own = Pick<
  InstanceSettings,
  | 'priority'
  | 'version'
  | 'vmac'
  | 'advertMs'
  | 'downAdverts'
  | 'initialState'
  | 'preempt'
  | 'preemptDelayMs'
  | 'garp'
  | 'silentToLower'
  | 'silentToHigher'
  | 'yieldsTo'
> & {
  /** A better backup does not know the connections of the master, and waits for them so long at most. */
  preemptWaitMs?: number;
};

export const INIT: Router = { state: 'INIT' };
