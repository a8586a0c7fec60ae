// Promises that have to hold in every world: about 1,400 of them, each with its own faults. A failing seed
// prints its trace; SEED=n runs that one alone, SEEDS=100 a hundred times as many.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { type Random, seededRandom } from '../../src/core/time.ts';
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { type Spec, World } from './world.ts';

const ADVERT_MS = 1000;
/** 3 × advert + the longest skew: what any backup needs at most to take over from silence. */
const TAKEOVER_MS = 4 * ADVERT_MS;
const MULTIPLE = Number(process.env.SEEDS ?? 1);

const A: Spec = { name: 'a', address: address('10.0.0.11'), own: { priority: 150 } };
const B: Spec = { name: 'b', address: address('10.0.0.12'), own: { priority: 100 } };
const C: Spec = { name: 'c', address: address('10.0.0.13'), own: { priority: 50 } };

const HMAC: HmacSettings = {
  keys: [{ id: 1, secret: '11'.repeat(32) }],
  activeKey: 1,
  mode: 'enforce',
  antiReplay: 'time',
  windowSeconds: 5,
};

type Make = (specs?: readonly Spec[]) => World;
/** A promise makes one world of each seed. */
function everySeed(runs: number, promise: (make: Make, random: Random) => void): void {
  const only = process.env.SEED;
  const seeds = only ? [Number(only)] : Array.from({ length: runs * MULTIPLE }, (_, i) => i + 1);
  for (const seed of seeds) {
    let world: World | undefined;
    const make: Make = (specs = [A, B]) => {
      world = new World(seed, specs);
      return world;
    };
    try {
      promise(make, seededRandom(seed));
    } catch (error) {
      throw new Error(`SEED=${seed}\n${world?.trace.join('\n')}`, { cause: error });
    }
  }
}
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

function settle(world: World): World {
  for (const name of world.names) world.start(name);
  world.run(TAKEOVER_MS + 1000);
  world.resetMeters();
  return world;
}

/** Something goes wrong; most of it stays wrong until everything is repaired. */
function mishap(world: World, random: Random): void {
  const name = pick(random, world.names);
  const other = pick(random, world.names);
  const mishaps = [
    () => world.crash(name),
    () => world.start(name),
    () => world.pause(name),
    () => world.resume(name),
    () => world.link(name, false),
    () => world.link(name, true),
    () => world.cut(name, other),
    () => world.heal(),
    () => world.command(name, { type: 'drill', holdMs: random() * 5000 }),
    () => world.command(name, { type: 'stop' }),
    () => world.clock(name, (random() - 0.5) * pick(random, [8_000, 7_200_000])),
    () => Object.assign(world.network, { loss: random() / 2, duplicates: random() / 2 }),
    () => Object.assign(world.network, { delayMaxMs: random() * 1500 }),
  ];
  pick(random, mishaps)();
}

function repair(world: World): void {
  world.heal();
  world.run(1500); // what was on its way arrives
  for (const name of world.names) {
    world.resume(name);
    world.link(name, true);
    world.clock(name, 0);
    world.start(name);
  }
  world.run(100);
}

/** A stop or a drill may still be going on when everything is repaired. */
function repairAll(world: World): void {
  repair(world);
  world.run(TAKEOVER_MS + 5000);
  repair(world);
}

describe('after any faults, once repaired', () => {
  const variants: [string, Partial<InstanceSettings>][] = [
    ['preempting', {}],
    ['nopreempt', { preempt: false }],
    ['preempt_delay', { preemptDelayMs: 3000 }],
    ['version 2', { version: 2 }],
    ['signed', { hmac: HMAC }],
    ['signed, without clocks', { version: 2, hmac: { ...HMAC, antiReplay: 'monotonic' } }],
  ];
  // Nobody hears the last word of a rival that crashes or loses its link: the refresh is what heals ARP
  // caches then.
  const garp = { delayMs: 0, repeat: 1, refreshMs: 7000, refreshRepeat: 1 };
  test.each(variants)('%s: one master, it has the address, the client asks it', (_, variant) => {
    everySeed(130, (make, random) => {
      const specs = random() < 0.5 ? [A, B] : [A, B, C];
      const world = make(specs.map((spec) => ({ ...spec, own: { ...spec.own, ...variant, garp } })));
      for (const name of world.names) world.start(name);
      for (let n = 0; n < 12; n++) {
        mishap(world, random);
        world.run(random() * 2500);
      }
      repairAll(world);
      world.run(2 * TAKEOVER_MS + (variant.preemptDelayMs ?? 0));
      if (variant.preempt === false) expect(world.masters()).toHaveLength(1);
      else expect(world.masters()).toEqual(['a']);
      expect(world.holders()).toEqual(world.masters());
      expect([world.clientAsks]).toEqual(world.masters());
      const changes = world.changes.length;
      world.run(20 * ADVERT_MS);
      expect(world.changes.length, 'a settled pair stays settled').toBe(changes);
    });
  });
});

test('without faults there are never two masters for longer than an advert is on its way', () => {
  everySeed(60, (make, random) => {
    const world = make([A, B, C]);
    world.network.delayMaxMs = random() * 50;
    for (const name of world.names) {
      world.start(name);
      world.run(random() * 6000);
    }
    world.run(10_000);
    expect(world.masters()).toEqual(['a']);
    expect(world.longestDualMs).toBeLessThanOrEqual(world.network.delayMaxMs);
  });
});

test('equal priorities: the higher address wins', () => {
  const specs = [A, B].map((spec) => ({ ...spec, own: { priority: 100 } }));
  everySeed(60, (make, random) => {
    const world = make(specs);
    world.cut('a', 'b');
    world.cut('b', 'a');
    for (const name of world.names) {
      world.start(name);
      world.run(random() * 1000);
    }
    world.run(5000);
    expect(world.masters()).toEqual(['a', 'b']);
    world.heal();
    world.run(ADVERT_MS + 5);
    expect(world.masters()).toEqual(['b']);
  });
});

test('a crash is an outage of the master-down time, no more', () => {
  everySeed(60, (make, random) => {
    const world = settle(make());
    world.run(random() * 5000);
    world.crash('a');
    world.run(TAKEOVER_MS + 100);
    expect(world.masters()).toEqual(['b']);
    expect(world.longestOutageMs).toBeLessThanOrEqual(3 * ADVERT_MS + ((256 - 100) / 256) * ADVERT_MS + 1);
  });
});

describe.each([
  ['stop', { type: 'stop' }],
  ['drill', { type: 'drill', holdMs: 6000 }],
] as const)('a planned %s', (_, command) => {
  test('is no outage at all, whatever gets lost between the two', () => {
    everySeed(60, (make, random) => {
      const world = settle(make());
      Object.assign(world.network, { loss: random(), duplicates: random(), delayMaxMs: random() * 100 });
      world.run(random() * 3000);
      world.resetMeters();
      world.command('a', command);
      world.run(TAKEOVER_MS);
      world.heal();
      world.run(2 * TAKEOVER_MS);
      expect(world.longestOutageMs).toBe(0);
    });
  });
  test('is no outage at all with three, one of which may be dead', () => {
    everySeed(60, (make, random) => {
      const world = settle(make([A, B, C]));
      if (random() < 0.5) world.crash(pick(random, ['b', 'c']));
      world.network.delayMaxMs = random() * 100;
      world.run(random() * 3000);
      world.resetMeters();
      world.command('a', command);
      world.run(3 * TAKEOVER_MS);
      expect(world.longestOutageMs).toBe(0);
      expect(world.longestDualMs).toBeLessThanOrEqual(100);
    });
  });
});

test('a drill with nobody else there returns at once when nobody took over', () => {
  const world = settle(new World(1, [A]));
  world.command('a', { type: 'drill', holdMs: 60_000 });
  world.run(TAKEOVER_MS + 1);
  expect(world.masters()).toEqual(['a']);
  expect(world.longestOutageMs).toBe(0);
});

describe('a partition heals', () => {
  test('within an advert there is one master, and the client asks it', () => {
    everySeed(60, (make, random) => {
      const world = settle(make());
      world.run(random() * 1000);
      world.cut('a', 'b');
      if (random() < 0.5) world.cut('b', 'a');
      world.run(6000 + random() * 3000);
      world.heal();
      world.resetMeters();
      world.run(ADVERT_MS + 30);
      expect(world.masters()).toEqual(['a']);
      expect([world.clientAsks, ...world.holders()]).toEqual(['a', 'a']);
      expect(world.longestOutageMs).toBeLessThan(5);
    });
  });
});

describe('a master that was paused', () => {
  test('does not take the service back from the one who took over, if preemption is off', () => {
    const specs = [A, B].map((spec) => ({ ...spec, own: { ...spec.own, preempt: false } }));
    everySeed(60, (make, random) => {
      const world = settle(make(specs));
      world.run(random() * 1000);
      world.pause('a');
      world.run(TAKEOVER_MS + random() * 10_000);
      expect(world.state('b')).toBe('MASTER');
      world.resume('a');
      world.run(10 * ADVERT_MS);
      expect(world.masters()).toEqual(['b']);
      expect(world.holders()).toEqual(['b']);
    });
  });
  test('stays master when the pause was short', () => {
    everySeed(60, (make, random) => {
      const world = settle(make());
      world.pause('a');
      world.run(random() * 2 * ADVERT_MS);
      world.resume('a');
      world.run(10 * ADVERT_MS);
      expect(world.changes.filter((change) => change.atMs > 5000)).toEqual([]);
    });
  });
});

test('nopreempt: a better one that comes back leaves the master alone', () => {
  const specs = [A, B].map((spec) => ({ ...spec, own: { ...spec.own, preempt: false } }));
  everySeed(60, (make, random) => {
    const world = settle(make(specs));
    world.crash('a');
    world.run(TAKEOVER_MS);
    world.start('a');
    world.network.delayMaxMs = random() * 100;
    world.run(20_000);
    expect(world.masters()).toEqual(['b']);
  });
});

test.each([
  ['time', 20_000],
  ['monotonic', 2 * TAKEOVER_MS],
] as const)('signed (%s), a clock that falls back over a restart keeps nobody out', (antiReplay, ms) => {
  everySeed(60, (make, random) => {
    const hmac = { ...HMAC, antiReplay };
    const world = settle(make([A, B, C].map((spec) => ({ ...spec, own: { ...spec.own, hmac } }))));
    const offMs = random() * (antiReplay === 'time' ? 10_000 : 1e9);
    for (const name of world.names) world.clock(name, offMs);
    world.run(random() * 5000);
    world.crash('a');
    for (const name of world.names) world.clock(name, 0);
    world.run(TAKEOVER_MS + random() * 1000);
    world.start('a');
    world.run(ms);
    expect(world.masters()).toEqual(['a']);
  });
});
