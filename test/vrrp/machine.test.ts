// Every rule of the virtual router's machine, one test each: RFC 9568 §6.4 and what goes beyond it.
import { describe, expect, test } from 'vitest';
import { step } from '../../src/vrrp/machine.ts';
import { type Event, INIT } from '../../src/vrrp/router.ts';
import { LINGER_MS, masterDownMs, peerMasterDownMs, skewMs } from '../../src/vrrp/timing.ts';
import { advert, armed, DOWN, DRILL, expired, OWN, play, SILENCE, START, UP, verbs } from './play.ts';

describe('durations', () => {
  test('skew is a share of the master interval, shorter for higher priority', () => {
    expect(skewMs(1000, OWN)).toBe((106 / 256) * 1000);
    expect(skewMs(10, { ...OWN, priority: 254 })).toBe((2 / 256) * 10);
  });
  test('version 2 counts the skew in seconds', () => {
    expect(skewMs(5000, { ...OWN, version: 2 })).toBe((106 / 256) * 1000);
  });
  test('down_timer_adverts stands for the three, also in what a peer may need', () => {
    expect(masterDownMs(100, { ...OWN, downAdverts: 5 })).toBe(500 + 10_600 / 256);
    expect(peerMasterDownMs({ ...OWN, downAdverts: 1 })).toBe(2000);
  });
  test('the master-down time is three intervals and the skew, at most four', () => {
    expect(masterDownMs(100, OWN)).toBe(300 + 10_600 / 256);
    expect(peerMasterDownMs(OWN)).toBe(4000);
  });
});

describe('start', () => {
  test('as backup, for a whole master-down time, whatever `state` says', () => {
    for (const initialState of ['MASTER', 'BACKUP'] as const) {
      const { router, effects } = play([START], { ...OWN, initialState });
      expect(router.state).toBe('BACKUP');
      expect(armed(effects, 'masterDown')).toBe(masterDownMs(1000, OWN));
    }
  });
  test('the address owner is master at once', () => {
    expect(play([START], { ...OWN, priority: 255 }).router.state).toBe('MASTER');
  });
  test('without link in FAULT, also the owner', () => {
    const { router, effects } = play([{ type: 'start', linkUp: false }], { ...OWN, priority: 255 });
    expect(router.state).toBe('FAULT');
    expect(verbs(effects)).toEqual(['enter', 'removeVips']);
  });
  test('nothing else moves a router that was not started', () => {
    for (const event of [SILENCE, advert(1), UP, DOWN, DRILL, { type: 'stop' } as const])
      expect(play([event])).toEqual({ router: INIT, effects: [] });
  });
});

describe('backup', () => {
  test('after silence master: advert first, then addresses, then the link is told', () => {
    const { router, effects } = play([START, SILENCE]);
    expect(router.state).toBe('MASTER');
    expect(verbs(effects)).toEqual(['enter', 'send 150', 'arm', 'addVips', 'announce', 'arm', 'arm']);
    expect(armed(effects, 'advert')).toBe(1000);
    expect(armed(effects, 'announce')).toBe(5000);
    expect(armed(effects, 'refresh')).toBe(60_000);
  });
  test('without delay and refresh of gratuitous ARPs there are no timers for them', () => {
    const garp = { delayMs: 0, repeat: 5, refreshMs: 0, refreshRepeat: 1 };
    const { effects } = play([START, SILENCE], { ...OWN, garp });
    expect(armed(effects, 'announce')).toBeUndefined();
    expect(armed(effects, 'refresh')).toBeUndefined();
  });
  test("waits by the master's interval, not its own", () => {
    const { effects } = play([START, advert(200, 100)]);
    expect(armed(effects, 'masterDown')).toBe(masterDownMs(100, OWN));
  });
  test('of equal priority follows the master, whichever address it has', () => {
    for (const higher of [true, false])
      expect(armed(play([START, advert(150, 1000, higher)]).effects, 'masterDown')).toBeDefined();
  });
  test('preempting does not count adverts of lower priority: its time runs out', () => {
    const { router, effects } = play([START, advert(100)]);
    expect(router.state).toBe('BACKUP');
    expect(effects).toEqual([]);
  });
  test("when the master resigns waits only the skew, of the master's interval", () => {
    const { effects } = play([START, advert(200, 100), advert(0, 100)]);
    expect(effects).toEqual([{ do: 'arm', timer: 'masterDown', ms: skewMs(100, OWN), atMost: true }]);
  });
  test('stops at once', () => {
    const { router, effects } = play([START, { type: 'stop' }]);
    expect(router.state).toBe('INIT');
    expect(verbs(effects)).toEqual(['enter', 'removeVips']);
  });
  test('is not moved by a drill, a link that is up, or a pause', () => {
    for (const event of [DRILL, UP, { type: 'paused' } as const, START])
      expect(play([START, event]).effects).toEqual([]);
  });
  test('new settings count from now on', () => {
    expect(armed(play([START, { type: 'reconfigured' }]).effects, 'masterDown')).toBe(
      masterDownMs(1000, OWN),
    );
  });
});

describe('master', () => {
  const master = [START, SILENCE];
  test('advertises each interval', () => {
    const { effects } = play([...master, expired('advert')]);
    expect(verbs(effects)).toEqual(['send 150', 'arm']);
    expect(armed(effects, 'advert')).toBe(1000);
  });
  test('tells the link a second time, and then now and again', () => {
    expect(play([...master, expired('announce')]).effects).toEqual([{ do: 'announce', repeat: 5 }]);
    expect(play([...master, expired('refresh')]).effects).toEqual([
      { do: 'announce', repeat: 1 },
      { do: 'arm', timer: 'refresh', ms: 60_000 },
    ]);
  });
  test('answers a resignation with an advert, and tells the link: it may believe who left', () => {
    expect(verbs(play([...master, advert(0)]).effects)).toEqual(['send 150', 'arm', 'announce']);
  });
  test('answers a worse master with an advert, and tells the link again, twice', () => {
    const { router, effects } = play([...master, advert(100)]);
    expect(router.state).toBe('MASTER');
    expect(verbs(effects)).toEqual(['rival', 'send 150', 'arm', 'announce', 'arm']);
    expect(armed(effects, 'reannounce')).toBe(5000);
  });
  test('announces after a worse one as often as garp_lower_prio_* say, 0 = not at all', () => {
    const worse: Event = { type: 'advert', priority: 50, intervalMs: 1000, higherAddress: false };
    const heard = (lower: object) => {
      const own = { ...OWN, garp: { ...OWN.garp, ...lower } };
      const { effects } = play([START, SILENCE, worse], own);
      return effects.filter((effect) => effect.do === 'announce' || effect.do === 'arm');
    };
    expect(heard({ lowerPriorityRepeat: 2, lowerPriorityDelayMs: 7000 })).toContainEqual({
      do: 'announce',
      repeat: 2,
    });
    expect(heard({ lowerPriorityRepeat: 2, lowerPriorityDelayMs: 7000 })).toContainEqual({
      do: 'arm',
      timer: 'reannounce',
      ms: 7000,
    });
    expect(heard({ lowerPriorityDelayMs: 0 }).map((effect) => effect.do)).toEqual(['arm', 'announce']);
    expect(heard({ lowerPriorityRepeat: 0 }).map((effect) => effect.do)).toEqual(['arm']);
  });
  test('told to be silent to a worse master tells the link again, and keeps its beat', () => {
    const silent = { ...OWN, silentToLower: true as const };
    const [router, effects] = step({ state: 'MASTER' }, advert(100), silent);
    expect(router.state).toBe('MASTER');
    expect(verbs(effects)).toEqual(['rival', 'announce', 'arm']);
    expect(verbs(step(router, advert(0), silent)[1])).toEqual(['send 150', 'arm', 'announce']);
    expect(verbs(step(router, advert(200), silent)[1])).toEqual(['enter', 'send 150', 'arm', 'arm']);
  });
  test('of equal priority stays when its address is higher', () => {
    expect(play([...master, advert(150, 1000, false)]).router.state).toBe('MASTER');
    expect(play([...master, advert(150, 1000, true)]).router.state).toBe('BACKUP');
  });
  test('yields to a better one without a word where higher_prio_send_advert is off', () => {
    const silent = { ...OWN, silentToHigher: true as const };
    const [router, effects] = step({ state: 'MASTER' }, advert(200), silent);
    expect(router.state).toBe('BACKUP');
    expect(effects.filter((effect) => effect.do === 'send')).toEqual([]);
  });
  test('has the last word before it yields to a better one, then lingers', () => {
    const { router, effects } = play([...master, advert(200, 100)]);
    expect(router).toMatchObject({ state: 'BACKUP', masterAdvertMs: 100 });
    expect(verbs(effects)).toEqual(['enter', 'send 150', 'arm', 'arm']);
    expect(armed(effects, 'masterDown')).toBe(masterDownMs(100, OWN));
    expect(armed(effects, 'linger')).toBe(LINGER_MS);
    expect(step(router, expired('linger'), OWN)[1]).toEqual([{ do: 'removeVips' }]);
  });
  test('without link tells a second master, resigns, and gives up its addresses at once', () => {
    const { router, effects } = play([...master, DOWN]);
    expect(router.state).toBe('FAULT');
    expect(verbs(effects)).toEqual(['enter', 'send 1', 'send 0', 'removeVips']);
    const silent = play([...master, DOWN], { ...OWN, silentToHigher: true });
    expect(verbs(silent.effects)).toEqual(['enter', 'send 0', 'removeVips']);
  });
  test('with new settings says so at once', () => {
    expect(verbs(play([...master, { type: 'reconfigured' }]).effects)).toEqual([
      'addVips',
      'send 150',
      'arm',
      'announce',
      'disarm',
      'disarm',
      'arm',
    ]);
  });
  test('keeps announcing as the new settings say, or no more', () => {
    const elsewhere = { eachMs: 9000, vips: [] };
    const timers = (garp: Partial<typeof OWN.garp>) =>
      step({ state: 'MASTER' }, { type: 'reconfigured' }, { ...OWN, garp: { ...OWN.garp, ...garp } })[1]
        .flatMap((effect) => (effect.do === 'arm' ? [`${effect.timer} ${effect.ms}`] : []))
        .filter((timer) => !timer.startsWith('advert'));
    expect(timers({ elsewhere })).toEqual(['refresh 60000', 'elsewhere 9000']);
    expect(timers({ refreshMs: 0 })).toEqual([]);
  });
  test('tells other interfaces in their own time', () => {
    const own = { ...OWN, garp: { ...OWN.garp, elsewhere: { eachMs: 9000, vips: [] } } };
    expect(step({ state: 'MASTER' }, expired('elsewhere'), own)[1]).toEqual([
      { do: 'announceElsewhere' },
      { do: 'arm', timer: 'elsewhere', ms: 9000 },
    ]);
    const [, effects] = step(play([START]).router, expired('masterDown'), own);
    expect(armed(effects, 'elsewhere')).toBe(9000);
  });
});

describe('fault', () => {
  const fault = [START, SILENCE, DOWN];
  test('hears nothing', () => {
    for (const event of [advert(0), advert(1), SILENCE, DOWN, DRILL, START])
      expect(play([...fault, event])).toEqual({ router: { state: 'FAULT' }, effects: [] });
  });
  test('is over when the link is back: backup for a whole master-down time; the owner is master', () => {
    const { router, effects } = play([...fault, UP]);
    expect(router.state).toBe('BACKUP');
    expect(armed(effects, 'masterDown')).toBe(masterDownMs(1000, OWN));
    expect(step({ state: 'FAULT' }, UP, { ...OWN, priority: 255 })[0].state).toBe('MASTER');
  });
  test('can be stopped', () => {
    expect(play([...fault, { type: 'stop' }]).router.state).toBe('INIT');
  });
});

describe('leaving for a stop', () => {
  const leaving: Event[] = [START, SILENCE, { type: 'stop' }];
  test('resigns again at the end when nobody was heard: a split may be over (seed 8643)', () => {
    expect(verbs(play([...leaving, expired('leave')]).effects)).toEqual(['enter', 'send 0', 'removeVips']);
    const relieved = play([...leaving, advert(100), expired('leave')]);
    expect(verbs(relieved.effects)).toEqual(['enter', 'removeVips']);
  });
  test('resigns, and keeps its addresses', () => {
    const { router, effects } = play(leaving);
    expect(router.state).toBe('LEAVING');
    expect(verbs(effects)).toEqual(['enter', 'send 0', 'arm']);
    expect(armed(effects, 'leave')).toBe(4000);
  });
  test('ends a moment after the first advert of another master, of any priority', () => {
    const { router, effects } = play([...leaving, advert(1)]);
    expect(router.state).toBe('LEAVING');
    expect(verbs(effects)).toEqual(['send 0', 'arm']); // nothing else is worse than 1
    expect(armed(effects, 'leave')).toBe(LINGER_MS);
    expect(step(router, advert(1), OWN)[1]).toEqual([]); // the second one does not prolong it
    const [init, last] = step(router, expired('leave'), OWN);
    expect(init).toEqual(INIT);
    expect(verbs(last)).toEqual(['enter', 'removeVips']);
  });
  test('ends without one when the time of the slowest peer is up', () => {
    expect(play([...leaving, expired('leave')]).router).toEqual(INIT);
  });
  test('has the last word, worse than the new master, so that it tells the link again', () => {
    expect(verbs(play([...leaving, advert(100)]).effects)).toEqual(['send 99', 'arm']);
    expect(verbs(play([...leaving, advert(200)]).effects)).toEqual(['send 150', 'arm']);
    expect(verbs(play([...leaving, advert(200)], { ...OWN, silentToHigher: true }).effects)).toEqual(['arm']);
  });
  test('is not ended by another resignation, nor prolonged by a second stop', () => {
    expect(play([...leaving, advert(0)]).effects).toEqual([]);
    expect(play([...leaving, { type: 'stop' }]).effects).toEqual([]);
  });
  test('ends at once when the link goes', () => {
    expect(play([...leaving, DOWN]).router).toEqual(INIT);
  });
});

describe('leaving for a drill', () => {
  const leaving = [START, SILENCE, DRILL];
  const held = [...leaving, advert(100)];
  test('reports each step', () => {
    expect(play(leaving).effects).toContainEqual({ do: 'drillStep', step: 'handedOver' });
    expect(play(held).effects).toContainEqual({ do: 'drillStep', step: 'relieved' });
    expect(play([...held, expired('hold')]).effects).toEqual([{ do: 'drillStep', step: 'returned' }]);
    expect(play([...leaving, expired('leave')]).effects).toContainEqual({
      do: 'drillStep',
      step: 'unrelieved',
    });
  });
  test('holds back for the time given, then preempts as usual', () => {
    const { router, effects } = play(held);
    expect(router).toMatchObject({ state: 'BACKUP', held: true });
    expect(armed(effects, 'hold')).toBe(7000);
    expect(armed(step(router, advert(100), OWN)[1], 'masterDown')).toBe(masterDownMs(1000, OWN));
    expect(play([...held, expired('hold'), advert(100)]).effects).toEqual([]);
  });
  test('takes over during the hold when nobody else serves', () => {
    const { router, effects } = play([...held, SILENCE]);
    expect(router.state).toBe('MASTER');
    expect(effects).toContainEqual({ do: 'drillStep', step: 'returned' });
  });
  test('is master again when nobody took over', () => {
    expect(play([...leaving, expired('leave')]).router.state).toBe('MASTER');
  });
  test('a stop meanwhile makes it a stop', () => {
    const { router } = play([...leaving, { type: 'stop' }]);
    expect(router).toMatchObject({ state: 'LEAVING', purpose: { for: 'stop' } });
    expect(step(router, expired('leave'), OWN)[0]).toEqual(INIT);
  });
  test('link loss meanwhile is a fault', () => {
    expect(play([...leaving, DOWN]).router.state).toBe('FAULT');
  });
  test('a second drill changes nothing', () => {
    expect(play([...leaving, DRILL]).effects).toEqual([]);
  });
});

describe('a pause', () => {
  const paused: Event[] = [START, SILENCE, { type: 'paused' }];
  test('makes a master listen for an interval and its skew, silently, serving', () => {
    const { router, effects } = play(paused);
    expect(router).toMatchObject({ state: 'LEAVING', purpose: { for: 'pause' } });
    expect(effects).toEqual([
      { do: 'enter', state: 'LEAVING', reason: 'paused' },
      { do: 'arm', timer: 'leave', ms: 1000 + skewMs(1000, OWN) },
    ]);
  });
  test('ends as backup when there is another master, even a worse one: it has the newer state', () => {
    expect(play([...paused, advert(1)]).router).toMatchObject({ state: 'BACKUP', held: false });
  });
  test('ends as master when there is none, telling the link again', () => {
    const { router, effects } = play([...paused, expired('leave')]);
    expect(router.state).toBe('MASTER');
    expect(verbs(effects)).toContain('announce');
  });
  test('a stop meanwhile resigns', () => {
    const { router, effects } = play([...paused, { type: 'stop' }]);
    expect(router).toMatchObject({ state: 'LEAVING', purpose: { for: 'stop' } });
    expect(verbs(effects)).toContain('send 0');
  });
});
