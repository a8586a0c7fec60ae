// The states of a virtual router, each entered in one way: what it is then, and what is done at that moment.
// When a state is entered is machine.ts; what is done again while it lasts is here as well.
import { RESIGNED } from './packet.ts';
import type { Backup, Effect, Event, Own, Patience, Purpose, Reason, Router, Timer } from './router.ts';
import { INIT } from './router.ts';
import { LINGER_MS, masterDownMs, peerMasterDownMs, skewMs } from './timing.ts';

/** The lowest priority of any master. */
const WORST = 1;
/** Whoever gives way has its addresses for a moment yet. */
const SETTLE_MS = 60;

export type Step = [Router, Effect[]];

export function becomeInit(before: readonly Effect[] = []): Step {
  return [INIT, [{ do: 'enter', state: 'INIT', reason: 'stopped' }, ...before, { do: 'removeVips' }]];
}

export function becomeFault(before: readonly Effect[]): Step {
  const enter: Effect = { do: 'enter', state: 'FAULT', reason: 'link down' };
  return [{ state: 'FAULT' }, [enter, ...before, { do: 'removeVips' }]];
}

export function becomeBackup(
  reason: Reason,
  masterAdvertMs: number,
  own: Own,
  before: readonly Effect[] = [],
): [Backup, Effect[]] {
  const effects: Effect[] = [
    { do: 'enter', state: 'BACKUP', reason },
    ...before,
    armMasterDown(masterAdvertMs, own),
    { do: 'arm', timer: 'linger', ms: LINGER_MS },
  ];
  const patience = initialPatience(own);
  return [{ state: 'BACKUP', masterAdvertMs, patience, connections: 'accepts', held: false }, effects];
}

export function becomeMaster(reason: Reason, own: Own): Step {
  const { repeat, delayMs } = own.garp;
  const effects: Effect[] = [
    { do: 'enter', state: 'MASTER', reason },
    // The advert first: it is what keeps another backup, a few milliseconds behind, from becoming master too.
    ...advertise(own),
    { do: 'addVips' },
    { do: 'announce', repeat },
  ];
  if (delayMs > 0) effects.push({ do: 'arm', timer: 'announce', ms: delayMs });
  return [{ state: 'MASTER' }, [...effects, ...announceSettled(own), ...keepAnnouncing(own)]];
}

/**
 * After announcements to a link with another master on it. They are questions as well, and the kernel of
 * whoever has the address yet answers them: when both have one virtual MAC, a switch looks for it there from
 * then on. Where adverts leave with the MAC of the base it would until the next announcement.
 */
export function announceSettled(own: Own): Effect[] {
  if (own.vmac?.sendsOnBase !== true) return [];
  return [{ do: 'arm', timer: 'settle', ms: SETTLE_MS + (own.silentToLower ? own.advertMs : 0) }];
}

export function keepAnnouncing({ garp }: Own): Effect[] {
  return periodic(garp).flatMap(([timer, ms]) => (ms > 0 ? [{ do: 'arm', timer, ms }] : []));
}

export function periodic({ refreshMs, elsewhere }: Own['garp']): [Timer, number][] {
  return [
    ['refresh', refreshMs],
    ['elsewhere', elsewhere?.eachMs ?? 0],
  ];
}

export function becomeLeaving(purpose: Purpose, own: Own): Step {
  const router: Router = { state: 'LEAVING', purpose, relieved: false };
  if (purpose.for === 'pause') {
    const listen: Effect = { do: 'arm', timer: 'leave', ms: own.advertMs + skewMs(own.advertMs, own) };
    return [router, [{ do: 'enter', state: 'LEAVING', reason: 'paused' }, listen]];
  }
  const effects: Effect[] = [
    { do: 'enter', state: 'LEAVING', reason: purpose.for === 'stop' ? 'stopping' : 'drill' },
    { do: 'send', priority: RESIGNED },
    { do: 'arm', timer: 'leave', ms: peerMasterDownMs(own) },
  ];
  if (purpose.for === 'drill') effects.push({ do: 'drillStep', step: 'handedOver' });
  return [router, effects];
}

export function advertise(own: Own): Effect[] {
  return [
    { do: 'send', priority: own.priority },
    { do: 'arm', timer: 'advert', ms: own.advertMs },
  ];
}

export function armMasterDown(masterAdvertMs: number, own: Own): Effect {
  return { do: 'arm', timer: 'masterDown', ms: masterDownMs(masterAdvertMs, own) };
}

/** At the interval of the winner: a backup that accepts worse masters, too, would else reckon with ours. */
export function lastWordTo({ intervalMs }: Event & { type: 'advert' }, priority: number, own: Own): Effect[] {
  if (own.silentToHigher) return [];
  return [{ do: 'send', priority, ...(intervalMs === own.advertMs ? {} : { intervalMs }) }];
}

/**
 * Of a master that goes without having heard another one, which may be there all the same: a split has healed
 * a moment ago, or it has only this one of our links. First what makes it tell its link where the addresses
 * are (keepalived does not for a resignation), then what makes a backup take over at once.
 */
export function farewell(own: Own): Effect[] {
  const words = own.silentToHigher ? [RESIGNED] : [WORST, RESIGNED];
  return words.map((priority) => ({ do: 'send', priority }));
}

export function initialPatience(own: Own): Patience {
  const waits = own.preemptDelayMs > 0 && own.initialState !== 'MASTER';
  return waits ? 'accepts' : 'over';
}
