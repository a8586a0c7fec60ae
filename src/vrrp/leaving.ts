// A master that leaves on purpose (stop, drill), or listens after a pause: it goes on serving until another
// one is heard, or until its time is up. See machine.ts for why.
import { RESIGNED } from './packet.ts';
import type { Effect, Event, Own, Router } from './router.ts';
import { LINGER_MS } from './timing.ts';
import {
  becomeBackup,
  becomeFault,
  becomeInit,
  becomeLeaving,
  becomeMaster,
  farewell,
  lastWordTo,
  type Step,
} from './transitions.ts';

type Leaving = Router & { state: 'LEAVING' };

/**
 * If nobody was heard: the split that kept the first word from the others may be over. Not as much as a
 * {@link farewell}: its first word, should it arrive last, makes a backup wait anew.
 */
const RESIGN_AGAIN: readonly Effect[] = [{ do: 'send', priority: RESIGNED }];

export function stepLeaving(router: Leaving, event: Event, own: Own): Step {
  const { purpose } = router;
  switch (event.type) {
    case 'advert':
      if (event.priority === RESIGNED || router.relieved) return [router, []];
      return relieve(router, event, own);
    case 'expired':
      return event.timer === 'leave' ? finishLeaving(router, own) : [router, []];
    case 'stop':
      if (purpose.for === 'pause') return becomeLeaving({ for: 'stop' }, own);
      return [{ ...router, purpose: { for: 'stop' } }, []];
    case 'link':
      return event.up ? [router, []] : breakOff(router, own);
    case 'reconfigured':
      return [router, [{ do: 'addVips' }]];
    case 'start': // taken out of the configuration, and put back before anybody took over
      return purpose.for === 'stop' && !router.relieved
        ? becomeMaster('configured again', own)
        : [router, []];
    case 'priority':
    case 'connections':
    case 'drill':
    case 'paused':
      return [router, []];
  }
}

function relieve(router: Leaving, heard: Event & { type: 'advert' }, own: Own): Step {
  const { purpose } = router;
  // Our own priority may be the better one: it would win the election back. Below 1 there is only that we go.
  const lastWord = lastWordTo(heard, Math.min(own.priority, heard.priority - 1), own);
  switch (purpose.for) {
    case 'stop':
      return [{ ...router, relieved: true }, [...lastWord, { do: 'arm', timer: 'leave', ms: LINGER_MS }]];
    case 'pause':
      return becomeBackup('relieved', heard.intervalMs, own, lastWord);
    case 'drill': {
      const [backup, effects] = becomeBackup('relieved', heard.intervalMs, own, lastWord);
      const hold: Effect[] = [
        { do: 'drillStep', step: 'relieved' },
        { do: 'arm', timer: 'hold', ms: purpose.holdMs },
      ];
      return [{ ...backup, held: true }, [...effects, ...hold]];
    }
  }
}

/** The link is lost, or one that is tracked: then this one may still reach the peer. */
function breakOff({ purpose, relieved }: Leaving, own: Own): Step {
  const before = relieved ? [] : farewell(own);
  return purpose.for === 'stop' ? becomeInit(before) : becomeFault(before);
}

function finishLeaving(router: Leaving, own: Own): Step {
  if (router.purpose.for === 'stop') return becomeInit(router.relieved ? [] : RESIGN_AGAIN);
  const [master, effects] = becomeMaster('nobody took over', own);
  if (router.purpose.for === 'pause') return [master, effects];
  return [master, [...effects, { do: 'drillStep', step: 'unrelieved' }]];
}
