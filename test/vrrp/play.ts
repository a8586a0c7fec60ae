// Events for one virtual router, and what they make of it: for the tests of its machine.
import { step } from '../../src/vrrp/machine.ts';
import { type Effect, type Event, INIT, type Own, type Router, type Timer } from '../../src/vrrp/router.ts';

export const OWN: Own = {
  priority: 150,
  version: 3,
  advertMs: 1000,
  downAdverts: 3,
  initialState: 'BACKUP',
  preempt: true,
  preemptDelayMs: 0,
  garp: { delayMs: 5000, repeat: 5, refreshMs: 60_000, refreshRepeat: 1 },
};
export const START: Event = { type: 'start', linkUp: true };
export const SILENCE: Event = { type: 'expired', timer: 'masterDown' };
export const DRILL: Event = { type: 'drill', holdMs: 7000 };
export const UP: Event = { type: 'link', up: true };
export const DOWN: Event = { type: 'link', up: false };
export const advert = (priority: number, intervalMs = 1000, higherAddress = false): Event => ({
  type: 'advert',
  priority,
  intervalMs,
  higherAddress,
});
export const expired = (timer: Timer): Event => ({ type: 'expired', timer });

/** The last state, and the effects of the last event only. */
export function play(events: Event[], own: Own = OWN): { router: Router; effects: Effect[] } {
  let router: Router = INIT;
  let effects: Effect[] = [];
  for (const event of events) [router, effects] = step(router, event, own);
  return { router, effects };
}
export const armed = (effects: Effect[], timer: Timer): number | undefined =>
  effects.filter((effect) => effect.do === 'arm').find((effect) => effect.timer === timer)?.ms;
export const verbs = (effects: Effect[]): string[] =>
  effects.map((effect) => (effect.do === 'send' ? `send ${effect.priority}` : effect.do));
