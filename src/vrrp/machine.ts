// One virtual router: who is master, decided from what it hears and from silence. Pure: an event in, the
// next state and a list of effects out. Sends nothing, owns no clock, knows no addresses.
//
// Theory of operation
//
//             start, link up                 silence for the master-down time
//   INIT ───────────────────────▶ BACKUP ─────────────────────────────────────▶ MASTER
//    ▲ ╲  start, link down         ▲  ▲ ◀──────── better advert ──────────────── │ ▲
//    │  ╲────────▶ FAULT ──link up─╯  │                                   stop,  │ │ nobody took over
//    │               ▲                ╰── first advert of another master ── drill│ │ (drill, pause)
//    │               ╰── link down, from anywhere ──╮                            ▼ │
//    ╰───────────── stop: relieved, or time is up ──┴──────────────────────── LEAVING
//
// The election is RFC 9568 §6.4 (for version 2: RFC 3768 §6.4). A master advertises each `advertMs`. A
// backup that hears nothing for three (`downAdverts`) of the *master's* intervals plus its skew, which is
// shorter the higher its own priority, becomes master; so the best of several backups speaks first. `state
// MASTER` in the file starts no faster: keepalived 2.2.7 waits its whole master-down time too (measured:
// advert 0.5 s, priority 150, first advert after 1.71 s); it only makes keepalived disregard nopreempt and
// preempt_delay. Priority 255, the address owner, does not wait.
//
// Four things go beyond the RFC:
//
// * Make before break. A master that leaves on purpose sends priority 0 and becomes LEAVING: it goes on
//   serving until the first advert of another master. If none comes within the longest time a peer can need
//   (it may not have got the priority 0), a stop ends all the same and a drill takes mastership back: a
//   service is never left without owner.
// * Lingering. Whoever yields keeps its addresses for LINGER_MS more: a new master (keepalived too) sends
//   its advert before it has its addresses and has told the link, and what arrives here in between would be
//   lost.
// * Last word. Whoever yields to another master sends one more advert, worse than the other's (keepalived: if
//   the file says so). That is how the other, which may never have known of a rival, learns that it must
//   tell the link again where the addresses are. Without it a healed partition leaves stale ARP caches
//   behind (keepalived: 6 to 15 s without a new connection). Whoever goes without having heard another one
//   says the worst word there is before it resigns.
// * Pause. A master that finds it did not run for longer than a backup waits must assume that there is
//   another one now: it listens for one interval before it speaks again, serving meanwhile. (With
//   `timer_expired_backup` it yields at once.)
//
// nopreempt, and preempt_delay while it lasts, make a backup accept a master of lower priority. The delay
// counts from the first such advert, as in keepalived, and is void when a better master is heard. When it is
// over, lower adverts no longer count and the master-down time runs out as if there were silence.
//
// A backup that does not know the connections would break them by preempting whoever forwards them: so it
// waits in the same way until it knows them, for `preemptWaitMs` at most. Silence ends every wait.
//
// Timers are effects with names. On every `enter` the owner of the clock disarms all of them: what an
// entered state needs it arms itself, so no timer of a former state can fire.
import { stepLeaving } from './leaving.ts';
import { OWNER, RESIGNED } from './packet.ts';
import type { Backup, Effect, Event, Own, Patience, Reason, Router, Timer } from './router.ts';
import { skewMs } from './timing.ts';
import {
  advertise,
  announceSettled,
  armMasterDown,
  becomeBackup,
  becomeFault,
  becomeInit,
  becomeLeaving,
  becomeMaster,
  farewell,
  initialPatience,
  keepAnnouncing,
  lastWordTo,
  periodic,
  type Step,
} from './transitions.ts';

export function step(router: Router, event: Event, own: Own): Step {
  switch (router.state) {
    case 'INIT':
      return stepInit(router, event, own);
    case 'FAULT':
      return stepFault(router, event, own);
    case 'BACKUP':
      return stepBackup(router, event, own);
    case 'MASTER':
      return stepMaster(router, event, own);
    case 'LEAVING':
      return stepLeaving(router, event, own);
  }
}

function stepInit(router: Router, event: Event, own: Own): Step {
  if (event.type !== 'start') return [router, []];
  return event.linkUp ? joinElection('started', own) : becomeFault([]);
}

function stepFault(router: Router, event: Event, own: Own): Step {
  if (event.type === 'link' && event.up) return joinElection('link up', own);
  if (event.type === 'stop') return becomeInit();
  return [router, []];
}

function joinElection(reason: Reason, own: Own): Step {
  if (own.priority === OWNER) return becomeMaster('address owner', own);
  return becomeBackup(reason, own.advertMs, own);
}

function stepBackup(router: Backup, event: Event, own: Own): Step {
  switch (event.type) {
    case 'advert':
      return hearAsBackup(router, event, own);
    case 'expired':
      return expireAsBackup(router, event.timer, own);
    case 'link':
      return event.up ? [router, []] : becomeFault([]);
    case 'stop':
      return becomeInit();
    case 'reconfigured': {
      const patience = router.patience === 'waiting' ? 'waiting' : initialPatience(own);
      return [{ ...router, patience }, [armMasterDown(router.masterAdvertMs, own)]];
    }
    case 'connections':
      return connectionsChanged(router, own);
    // The master-down time goes on: a link that comes and goes must not put a takeover off for ever.
    case 'priority':
    case 'start':
    case 'drill':
    case 'paused':
      return [router, []];
  }
}

function hearAsBackup(router: Backup, event: Event & { type: 'advert' }, own: Own): Step {
  if (event.priority === RESIGNED) return [router, [resignedMaster(router, own)]];
  const masterAdvertMs = event.intervalMs;
  const follow = armMasterDown(masterAdvertMs, own);
  if (event.priority >= own.priority) {
    const waits = { patience: initialPatience(own), connections: 'accepts' } as const;
    const timers: Effect[] = [
      { do: 'disarm', timer: 'preemptDelay' },
      { do: 'disarm', timer: 'connections' },
    ];
    return [{ ...router, masterAdvertMs, ...waits }, [follow, ...timers]];
  }
  if (router.held || !preempts(own)) return [{ ...router, masterAdvertMs }, [follow]];
  const { preemptDelayMs, preemptWaitMs } = own;
  const [patience, delay] = wait(router.patience, 'preemptDelay', preemptDelayMs);
  const [connections, forThem] = wait(router.connections, 'connections', preemptWaitMs);
  // Silence, as far as the election goes: our master-down time runs out.
  if (patience !== 'waiting' && connections !== 'waiting') return [router, []];
  const effects = [follow, ...delay, ...forThem];
  if (forThem.length > 0) effects.push({ do: 'tellWait', step: 'begins', waitMs: preemptWaitMs! });
  return [{ ...router, masterAdvertMs, patience, connections }, effects];
}

/** Begins with the first advert of a worse master. `ms`: undefined = there is nothing to wait for. */
function wait(patience: Patience, timer: Timer, ms: number | undefined): [Patience, Effect[]] {
  if (patience !== 'accepts' || ms === undefined) return [patience, []];
  return ['waiting', [{ do: 'arm', timer, ms }]];
}
function connectionsChanged(router: Backup, { preemptWaitMs }: Own): Step {
  if (preemptWaitMs !== undefined || router.connections !== 'waiting') return [router, []];
  const effects: Effect[] = [
    { do: 'disarm', timer: 'connections' },
    { do: 'tellWait', step: 'known', waitMs: 0 },
  ];
  return [{ ...router, connections: 'accepts' }, effects];
}

/** Once more, or twice, it must not put a takeover off: somebody else may have been silent for long. */
function resignedMaster({ masterAdvertMs }: Backup, own: Own): Effect {
  return { do: 'arm', timer: 'masterDown', ms: skewMs(masterAdvertMs, own), atMost: true };
}

function expireAsBackup(router: Backup, timer: Timer, own: Own): Step {
  if (timer === 'masterDown') {
    const [master, effects] = becomeMaster('no master heard', own);
    return [master, router.held ? [...effects, { do: 'drillStep', step: 'returned' }] : effects];
  }
  if (timer === 'linger') return [router, [{ do: 'removeVips' }]];
  if (timer === 'preemptDelay') return [{ ...router, patience: 'over' }, []];
  if (timer === 'connections') {
    const waitMs = own.preemptWaitMs ?? 0;
    return [{ ...router, connections: 'over' }, [{ do: 'tellWait', step: 'over', waitMs }]];
  }
  if (timer === 'hold') return [{ ...router, held: false }, [{ do: 'drillStep', step: 'returned' }]];
  return [router, []];
}

function stepMaster(router: Router, event: Event, own: Own): Step {
  switch (event.type) {
    case 'advert':
      return hearAsMaster(router, event, own);
    case 'expired':
      return [router, expireAsMaster(event.timer, own)];
    case 'stop':
      return becomeLeaving({ for: 'stop' }, own);
    case 'drill':
      return becomeLeaving({ for: 'drill', holdMs: event.holdMs }, own);
    case 'paused':
      if (own.yieldsTo !== undefined) return becomeBackup('paused', own.advertMs, own);
      return becomeLeaving({ for: 'pause' }, own);
    case 'link':
      // A tracked interface may be down while this one still reaches the peer: tell it.
      return event.up ? [router, []] : becomeFault(farewell(own));
    case 'reconfigured':
      return [
        router,
        [
          { do: 'addVips' },
          ...advertise(own),
          { do: 'announce', repeat: own.garp.repeat },
          ...periodic(own.garp).map(([timer]): Effect => ({ do: 'disarm', timer })),
          ...keepAnnouncing(own),
        ],
      ];
    // At once: a backup that is better now need not wait for the next beat to know.
    case 'priority':
      return [router, advertise(own)];
    case 'connections':
    case 'start':
      return [router, []];
  }
}

function hearAsMaster(router: Router, event: Event & { type: 'advert' }, own: Own): Step {
  // Whoever leaves may have been master on the other side of a split, and the link may believe it still.
  if (event.priority === RESIGNED)
    return [
      router,
      [...advertise(own), { do: 'announce', repeat: own.garp.repeat }, ...announceSettled(own)],
    ];
  const better = event.priority > own.priority || (event.priority === own.priority && event.higherAddress);
  if (better) {
    const lastWord = lastWordTo(event, own.priority, own);
    return becomeBackup('better master', event.intervalMs, own, lastWord);
  }
  const { repeat, delayMs } = afterRival(own);
  const effects = own.silentToLower ? [] : advertise(own);
  if (repeat > 0) effects.push({ do: 'announce', repeat }, ...announceSettled(own));
  if (repeat > 0 && delayMs > 0) effects.push({ do: 'arm', timer: 'reannounce', ms: delayMs });
  return [router, [{ do: 'rival', priority: event.priority }, ...effects]];
}

/** Announcements after a worse master was heard: some of the link may believe it. */
export function afterRival({ garp }: Own): { repeat: number; delayMs: number } {
  return {
    repeat: garp.lowerPriorityRepeat ?? garp.repeat,
    delayMs: garp.lowerPriorityDelayMs ?? garp.delayMs,
  };
}

function expireAsMaster(timer: Timer, own: Own): Effect[] {
  const { repeat, refreshMs, refreshRepeat, elsewhere } = own.garp;
  if (timer === 'advert') return advertise(own);
  if (timer === 'announce') return [{ do: 'announce', repeat }];
  if (timer === 'settle') return [{ do: 'announce', repeat: Math.min(repeat, 1) }];
  if (timer === 'reannounce') return [{ do: 'announce', repeat: afterRival(own).repeat }];
  if (timer === 'refresh')
    return [
      { do: 'announce', repeat: refreshRepeat },
      { do: 'arm', timer, ms: refreshMs },
    ];
  if (timer === 'elsewhere' && elsewhere !== undefined)
    return [{ do: 'announceElsewhere' }, { do: 'arm', timer, ms: elsewhere.eachMs }];
  return [];
}

/** An owner's addresses are its own; `state MASTER` overrides nopreempt in keepalived too. */
function preempts(own: Own): boolean {
  return own.preempt || own.priority === OWNER || own.initialState === 'MASTER';
}
