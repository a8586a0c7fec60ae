// What holds after any events in any order: no router is left without the timer that moves it on, and who
// holds the addresses follows from the state alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { step } from '../../src/vrrp/machine.ts';
import { type Event, INIT, type Own, type Router, type Timer } from '../../src/vrrp/router.ts';

/** Without which a router in this state would wait for ever. */
const NEEDS: Record<Router['state'], Timer | undefined> = {
  INIT: undefined,
  FAULT: undefined,
  BACKUP: 'masterDown',
  MASTER: 'advert',
  LEAVING: 'leave',
};

const patient: fc.Arbitrary<Own> = fc.record({
  priority: fc.constantFrom(1, 100, 254, 255),
  version: fc.constantFrom(2, 3),
  advertMs: fc.constantFrom(10, 1000),
  downAdverts: fc.constantFrom(1, 3, 100),
  initialState: fc.constantFrom('MASTER', 'BACKUP'),
  preempt: fc.boolean(),
  preemptDelayMs: fc.constantFrom(0, 5000),
  garp: fc.record({
    delayMs: fc.constantFrom(0, 5000),
    repeat: fc.constant(5),
    refreshMs: fc.constantFrom(0, 60_000),
    refreshRepeat: fc.constant(1),
  }),
});
const own = fc
  .tuple(patient, fc.boolean())
  .map(([settings, waits]): Own => (waits ? { ...settings, preemptWaitMs: 60_000 } : settings));
/** `next`: whichever timer is armed, counted around. */
type Happening = Event | { type: 'next'; among: number };
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('next'), among: fc.nat(7) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('advert'),
      priority: fc.constantFrom(0, 1, 99, 100, 101, 255),
      intervalMs: fc.constantFrom(10, 1000),
      higherAddress: fc.boolean(),
    }),
  },
  fc.record({ type: fc.constant('start'), linkUp: fc.boolean() }),
  fc.record({ type: fc.constant('link'), up: fc.boolean() }),
  fc.record({ type: fc.constant('drill'), holdMs: fc.constantFrom(0, 3000) }),
  fc.constantFrom<Event>(
    { type: 'stop' },
    { type: 'paused' },
    { type: 'reconfigured' },
    { type: 'connections' },
  ),
) as fc.Arbitrary<Happening>;

/** What the owner of clock and addresses would have: armed timers, addresses held, the last state entered. */
class Surroundings {
  router: Router = INIT;
  entered = 'INIT';
  holds = false;
  readonly armed = new Set<Timer>();

  feed(happened: Happening, settings: Own): void {
    let event: Event;
    if (happened.type === 'next') {
      const timer = [...this.armed].sort()[happened.among % Math.max(1, this.armed.size)];
      if (timer === undefined) return;
      this.armed.delete(timer);
      event = { type: 'expired', timer };
    } else event = happened;
    const [router, effects] = step(this.router, event, settings);
    this.router = router;
    for (const effect of effects) {
      if (effect.do === 'enter') {
        this.armed.clear();
        this.entered = effect.state;
      } else if (effect.do === 'arm') {
        expect(effect.ms).toBeGreaterThanOrEqual(0);
        this.armed.add(effect.timer);
      } else if (effect.do === 'disarm') this.armed.delete(effect.timer);
      else if (effect.do === 'addVips') this.holds = true;
      else if (effect.do === 'removeVips') this.holds = false;
      else if (effect.do === 'send') expect(effect.priority).toBeGreaterThanOrEqual(0);
    }
  }
}

test('after any events', () => {
  fc.assert(
    fc.property(own, fc.array(happening, { maxLength: 60 }), (settings, events) => {
      const around = new Surroundings();
      for (const event of events) {
        around.feed(event, settings);
        const { router, armed, holds } = around;
        expect(router.state).toBe(around.entered);
        const needed = NEEDS[router.state];
        if (needed === undefined) expect(armed.size).toBe(0);
        else expect(armed).toContain(needed);
        if (router.state === 'MASTER' || router.state === 'LEAVING') expect(holds).toBe(true);
        // A backup that still holds them is about to let go.
        else if (router.state === 'BACKUP' && holds) expect(armed).toContain('linger');
        else expect(holds).toBe(false);
        if (router.state === 'BACKUP' && router.held) expect(armed).toContain('hold');
        if (router.state === 'BACKUP' && router.patience === 'waiting')
          expect(armed).toContain('preemptDelay');
        if (router.state === 'BACKUP' && router.connections === 'waiting')
          expect(armed).toContain('connections');
      }
    }),
    { numRuns: 1000 },
  );
});
