// All checks together: composition, reloads, wording. The long runs are in simulation.test.ts.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  configurePool,
  EMPTY_POOL,
  type HealthTarget,
  isUp,
  type Pool,
  type PoolEffect,
  stepPool,
} from '../../src/health/pool.ts';
import type { CheckSettings, ProbeResult } from '../../src/health/settings.ts';
import { describePool } from '../../src/health/view.ts';

const SERVICE = 'TCP 10.0.0.50:80';
const half = () => 0.5;

function check(over: Partial<CheckSettings> = {}): CheckSettings {
  return {
    type: 'TCP_CHECK',
    address: address('10.1.0.21'),
    port: 8080,
    delayLoopMs: 1_000,
    connectTimeoutMs: 500,
    retry: 1,
    delayBeforeRetryMs: 100,
    warmupMs: 1_000,
    alpha: false,
    ...over,
  };
}
function target(over: Partial<HealthTarget> = {}): HealthTarget {
  return { service: SERVICE, server: '10.1.0.21:8080', checks: [check()], inhibit: false, ...over };
}
const KEY = `${SERVICE} 10.1.0.21:8080 TCP_CHECK 10.1.0.21 8080`;

/** Probes `key` until all of `results` are heard. */
function probe(pool: Pool, key: string, ...results: (true | string)[]): [Pool, PoolEffect[]] {
  const effects: PoolEffect[] = [];
  let next = pool;
  for (const outcome of results) {
    const result: ProbeResult =
      outcome === true ? { ok: true, ms: 2 } : { ok: false, reason: outcome, detail: 'ECONNREFUSED', ms: 2 };
    for (const event of [{ type: 'due', key } as const, { type: 'probed', key, result } as const]) {
      const [stepped, more] = stepPool(next, event, half);
      effects.push(...more);
      next = stepped;
    }
  }
  return [next, effects];
}
const servers = (effects: readonly PoolEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'server' ? [[effect.server, effect.up, effect.reason]] : []));
const told = (effects: readonly PoolEffect[]) =>
  effects.flatMap((effect) => {
    if (effect.do !== 'tell') return [];
    const { server = '', up, isFirst } = effect;
    return [`${server} ${up ? 'up' : 'down'}${isFirst ? ' from the start' : ''}`.trim()];
  });
const services = (effects: readonly PoolEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'service' ? [effect.up] : []));
const messages = (effects: readonly PoolEffect[]) =>
  effects.flatMap((effect) =>
    effect.do === 'notice' ? [`${effect.notice.event}: ${effect.notice.message}`] : [],
  );

describe('configuring', () => {
  test('starts each check and says nothing of servers that are in service', () => {
    const [pool, effects] = configurePool(EMPTY_POOL, [target()], half);
    expect(effects[0]).toEqual({ do: 'arm', key: KEY, ms: 500 });
    expect(servers(effects)).toEqual([]);
    expect(told(effects)).toEqual(['10.1.0.21:8080 up from the start', 'up from the start']);
    expect(isUp(pool, SERVICE, '10.1.0.21:8080')).toBe(true);
    expect(isUp(pool, SERVICE, '10.1.0.99:8080')).toBeUndefined();
  });

  test('names the servers that have to wait for their first good probe', () => {
    const [pool, effects] = configurePool(EMPTY_POOL, [target({ checks: [check({ alpha: true })] })], half);
    expect(servers(effects)).toEqual([['10.1.0.21:8080', false, 'not checked yet']]);
    const [, later] = probe(pool, KEY, true);
    expect(servers(later)).toEqual([['10.1.0.21:8080', true, 'connected']]);
    expect(messages(later).at(-1)).toBe('service.up: Gained quorum 1+0=1 <= 1 for VS [10.0.0.50]:tcp:80');
  });

  test('a server without checks is up', () => {
    const [pool, effects] = configurePool(EMPTY_POOL, [target({ checks: [] })], half);
    expect(servers(effects)).toEqual([]);
    expect(isUp(pool, SERVICE, '10.1.0.21:8080')).toBe(true);
  });

  test('tells equal checks of one server apart, also when the server is written twice', () => {
    const [pool] = configurePool(EMPTY_POOL, [target({ checks: [check(), check()] }), target()], half);
    expect(describePool(pool)).toHaveLength(1);
    expect(describePool(pool)[0]!.checks.map(({ key }) => key)).toEqual([KEY, `${KEY} #2`, `${KEY} #3`]);
  });
});

describe('a server', () => {
  const two = target({ checks: [check(), check({ port: 9090 })] });
  const other = KEY.replace(/8080$/, '9090');

  test('is up only while all its checks are', () => {
    let [pool] = configurePool(EMPTY_POOL, [two], half);
    let effects: PoolEffect[];
    [pool, effects] = probe(pool, KEY, 'refused');
    expect(servers(effects)).toEqual([['10.1.0.21:8080', false, 'refused']]);
    [pool, effects] = probe(pool, other, 'timeout');
    expect(servers(effects)).toEqual([]);
    [pool, effects] = probe(pool, KEY, true);
    expect(servers(effects)).toEqual([]);
    [pool, effects] = probe(pool, other, true);
    expect(servers(effects)).toEqual([['10.1.0.21:8080', true, 'connected']]);
  });

  test('speaks keepalived on its way out and back', () => {
    let [pool] = configurePool(EMPTY_POOL, [target()], half);
    let effects: PoolEffect[];
    [pool, effects] = probe(pool, KEY, true, 'timeout', 'refused');
    expect(messages(effects)).toEqual([
      'check.passed: TCP connection to [10.1.0.21]:tcp:8080 success.',
      'check.failed: TCP connection to [10.1.0.21]:tcp:8080 timeout.',
      'check.failed: TCP_CHECK on service [10.1.0.21]:tcp:8080 failed after 1 retries.',
      'server.down: Removing service [10.1.0.21]:tcp:8080 from VS [10.0.0.50]:tcp:80',
      'service.down: Lost quorum 1-0=1 > 0 for VS [10.0.0.50]:tcp:80',
    ]);
    [pool, effects] = probe(pool, KEY, 'refused', true);
    expect(messages(effects)).toEqual([
      'check.passed: TCP connection to [10.1.0.21]:tcp:8080 success.',
      'server.up: Adding service [10.1.0.21]:tcp:8080 to VS [10.0.0.50]:tcp:80',
      'service.up: Gained quorum 1+0=1 <= 1 for VS [10.0.0.50]:tcp:80',
    ]);
  });

  test('that is inhibited is disabled, not removed; IPv6 and UDP are written as keepalived does', () => {
    const six = target({ service: 'UDP [fd00::50]:53', server: '[fd01::21]:53', inhibit: true });
    const [pool] = configurePool(EMPTY_POOL, [six, { ...six, server: '[fd01::22]:53', checks: [] }], half);
    const [, effects] = probe(pool, pool.checkSlots[0]!.key, 'refused');
    expect(messages(effects).slice(1)).toEqual([
      'server.down: Disabling service [fd01::21]:udp:53 of VS [fd00::50]:udp:53',
    ]);
  });

  test('with weight 0 does not keep its service up', () => {
    const drained = target({ server: '10.1.0.22:8080', checks: [], weight: 0 });
    const [pool] = configurePool(EMPTY_POOL, [target({ weight: 5 }), drained], half);
    expect(messages(probe(pool, KEY, 'refused')[1]).at(-1)).toMatch(/^service.down: Lost quorum/);
  });
});

describe('a reload', () => {
  const alone = configurePool(EMPTY_POOL, [target()], half)[0];
  const dead = probe(alone, KEY, 'refused')[0];

  test('that changes nothing does nothing', () => {
    expect(configurePool(dead, [target()], half)).toEqual([dead, []]);
  });

  test('keeps a dead server out when only times change, and looks again soon', () => {
    const [pool, effects] = configurePool(dead, [target({ checks: [check({ warmupMs: 10 })] })], half);
    expect(isUp(pool, SERVICE, '10.1.0.21:8080')).toBe(false);
    expect(effects).toEqual([{ do: 'arm', key: KEY, ms: 5 }]);
  });

  test('lets go of checks that are gone; their late answers do nothing', () => {
    const [pool, effects] = configurePool(dead, [], half);
    expect(effects).toEqual([{ do: 'disarm', key: KEY }]);
    expect(stepPool(pool, { type: 'due', key: KEY }, half)).toEqual([pool, []]);
  });

  test('puts a server back when the check that failed is taken out of the file', () => {
    const [pool, effects] = configurePool(dead, [target({ checks: [] })], half);
    expect(isUp(pool, SERVICE, '10.1.0.21:8080')).toBe(true);
    expect(messages(effects)).toEqual([
      'server.up: Adding service [10.1.0.21]:tcp:8080 to VS [10.0.0.50]:tcp:80',
      'service.up: Gained quorum 1+0=1 <= 1 for VS [10.0.0.50]:tcp:80',
    ]);
  });

  test('with another port to check puts no dead server in unseen, and takes no good one out', () => {
    const moved = [target({ checks: [check({ port: 9090, alpha: true })] })];
    expect(isUp(configurePool(dead, moved, half)[0], SERVICE, '10.1.0.21:8080')).toBe(false);
    expect(isUp(configurePool(alone, moved, half)[0], SERVICE, '10.1.0.21:8080')).toBe(true);
  });

  test('that changes inhibit_on_failure of a dead server says so', () => {
    const [, effects] = configurePool(dead, [target({ inhibit: true })], half);
    expect(effects).toMatchObject([{ do: 'server', up: false, inhibit: true }]);
  });
});

describe('a quorum', () => {
  const quorum = { quorum: 3, hysteresis: 1 };
  const of = (host: number, weight: number) =>
    target({ server: `10.1.0.${host}:80`, checks: [check({ port: host })], weight, quorum });
  const key = (host: number) => `${SERVICE} 10.1.0.${host}:80 TCP_CHECK 10.1.0.21 ${host}`;
  const three = [of(1, 2), of(2, 1), of(3, 1)];

  test('is lost below it by more than the hysteresis, and gained again above it by as much', () => {
    let [pool, effects] = configurePool(EMPTY_POOL, three, half);
    expect(services(effects)).toEqual([true]);
    [pool, effects] = probe(pool, key(3), 'refused');
    expect(services(effects), 'weight 3').toEqual([]);
    [pool, effects] = probe(pool, key(2), 'refused');
    expect(services(effects), 'weight 2 is 3 - 1').toEqual([]);
    [pool, effects] = probe(pool, key(1), 'refused');
    expect(services(effects), 'weight 0').toEqual([false]);
    expect(told(effects)).toEqual(['10.1.0.1:80 down', 'down']);
    expect(messages(effects).at(-1)).toBe('service.down: Lost quorum 3-1=2 > 0 for VS [10.0.0.50]:tcp:80');
    [pool, effects] = probe(pool, key(1), true);
    [pool, effects] = probe(pool, key(2), true);
    expect(services(effects), 'weight 3 is not 3 + 1').toEqual([]);
    [, effects] = probe(pool, key(3), true);
    expect(services(effects)).toEqual([true]);
    expect(messages(effects).at(-1)).toBe('service.up: Gained quorum 3+1=4 <= 4 for VS [10.0.0.50]:tcp:80');
  });

  test('that is not reached from the start is not announced as lost, but known to be', () => {
    const [, effects] = configurePool(EMPTY_POOL, [of(1, 2), of(2, 1)], half);
    expect(services(effects)).toEqual([false]);
    expect(messages(effects)).toEqual([]);
    expect(told(effects).at(-1)).toBe('down from the start');
  });

  test('changes with a reload, and so does what is told of', () => {
    const [pool] = configurePool(EMPTY_POOL, three, half);
    const [low, effects] = configurePool(pool, [of(1, 2)], half);
    expect(told(effects)).toEqual(['10.1.0.2:80 down', '10.1.0.3:80 down']);
    expect(services(effects), 'weight 2 is enough to stay').toEqual([]);
    expect(services(configurePool(low, [of(1, 1)], half)[1])).toEqual([false]);
    const all = configurePool(pool, [], half)[1];
    expect(told(all)).toEqual(['10.1.0.1:80 down', '10.1.0.2:80 down', '10.1.0.3:80 down', 'down']);
  });
});

test('a server that is down until it has answered is told of when its first answer is bad', () => {
  const [pool] = configurePool(EMPTY_POOL, [target({ checks: [check({ alpha: true })] })], half);
  const [after, effects] = probe(pool, KEY, 'refused');
  expect(servers(effects)).toEqual([]);
  expect(told(effects)).toEqual(['10.1.0.21:8080 down']);
  expect(told(probe(after, KEY, 'refused')[1])).toEqual([]);
});

test('checks of a suspended service rest, and what was known stays', () => {
  const [pool] = configurePool(EMPTY_POOL, [target()], half);
  const resting = { ...pool, suspended: new Set([SERVICE]) };
  const [later, effects] = stepPool(resting, { type: 'due', key: KEY }, half);
  expect([later, effects]).toEqual([resting, [{ do: 'arm', key: KEY, ms: 1_000 }]]);
  expect(stepPool({ ...later, suspended: new Set() }, { type: 'due', key: KEY }, half)[1]).toMatchObject([
    { do: 'probe' },
  ]);
});
