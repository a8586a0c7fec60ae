// Sync groups: two directors with two links between them, and every member of a group in one state after
// every step, whatever happens.
import { beforeEach, describe, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import { seededRandom } from '../../src/core/time.ts';
import {
  createElector,
  type Elector,
  type Input,
  nextDeadlineMs,
  stepElector,
} from '../../src/vrrp/elector.ts';
import type {
  ElectorCommand,
  ElectorReport,
  GroupSettings,
  InstanceSettings,
  State,
} from '../../src/vrrp/settings.ts';
import { instanceSettings } from '../sim/world.ts';

const LINKS = ['eth0', 'eth1'] as const;
type LinkName = (typeof LINKS)[number];
const G: GroupSettings = { name: 'G', members: ['V0', 'V1'] };
const vipOf = (n: number): Address => address(`10.${n}.0.50`);

/** Directors `a` (priority 150) and `b` (100), one virtual router on each link. Packets arrive at once. */
class Directors {
  readonly electors = { a: createElector(), b: createElector() };
  readonly reports: { from: 'a' | 'b'; report: ElectorReport }[] = [];
  readonly cut = new Set<string>();
  /** Whom each address was announced by last. */
  readonly asked = new Map<Address, 'a' | 'b'>();
  /** Held addresses, `a 10.0.0.50`. */
  readonly held = new Set<string>();
  readonly links = { 'a eth0': true, 'a eth1': true, 'b eth0': true, 'b eth1': true };
  nowMs = 1000;
  #inFlight: { to: 'a' | 'b'; input: Input }[] = [];

  constructor() {
    for (const who of ['a', 'b'] as const) for (const name of LINKS) this.link(who, name, true);
  }
  link(who: 'a' | 'b', name: LinkName, up: boolean): void {
    this.links[`${who} ${name}`] = up;
    const own = address(`10.${LINKS.indexOf(name)}.0.${who === 'a' ? 1 : 2}`);
    this.feed(who, { type: 'link', interface: name, link: { up, addresses: [own] } });
  }
  command(who: 'a' | 'b', command: ElectorCommand): void {
    this.feed(who, { type: 'command', command });
  }
  configure(who: 'a' | 'b', own: Partial<InstanceSettings> = {}, groups = [G], count = 2): void {
    const instances = LINKS.slice(0, count).map((name, n) =>
      instanceSettings({
        name: `V${n}`,
        interface: name,
        vrid: 51 + n,
        priority: who === 'a' ? 150 : 100,
        vips: [{ address: vipOf(n), prefixLength: 24, interface: name, scope: 0 }],
        ...own,
      }),
    );
    const settings = {
      instances,
      groups,
      realtimePriority: 0,
      leaseSeconds: 0,
      addresses: 'kernel' as const,
    };
    this.command(who, { type: 'configure', settings });
  }
  feed(who: 'a' | 'b', input: Input): void {
    this.#step(who, input);
    for (let next = this.#inFlight.shift(); next !== undefined; next = this.#inFlight.shift())
      this.#step(next.to, next.input);
  }
  #step(who: 'a' | 'b', input: Input): void {
    const elector = this.electors[who];
    const other = who === 'a' ? 'b' : 'a';
    for (const action of stepElector(elector, input, this.nowMs)) {
      if (action.do === 'send') {
        const { interface: name, packet: bytes } = action;
        const passes =
          this.links[`${who} ${name as LinkName}`] &&
          this.links[`${other} ${name as LinkName}`] &&
          !this.cut.has(`${who} ${name}`);
        if (passes)
          this.#inFlight.push({
            to: other,
            input: { type: 'packet', interface: name, bytes: Buffer.from(bytes) },
          });
      } else if (action.do === 'addVips')
        for (const vip of action.vips) this.held.add(`${who} ${vip.address}`);
      else if (action.do === 'removeVips')
        for (const vip of action.vips) this.held.delete(`${who} ${vip.address}`);
      else if (action.do === 'announce') for (const vip of action.vips) this.asked.set(vip.address, who);
      else if (action.do === 'report') this.reports.push({ from: who, report: action.report });
    }
    expectOneState(elector);
  }
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [who, atMs] = (['a', 'b'] as const)
        .map((each) => [each, nextDeadlineMs(this.electors[each])] as const)
        .sort((x, y) => x[1] - y[1])[0]!;
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.feed(who, { type: 'wake' });
    }
    this.nowMs = endMs;
  }
  states(who: 'a' | 'b'): State[] {
    return [...this.electors[who].instances.values()].map(({ router }) => router.state);
  }
  groupStates(who: 'a' | 'b'): string[] {
    return this.reports.flatMap(({ from, report }) =>
      from === who && report.type === 'group' ? [report.to] : [],
    );
  }
}

function expectOneState({ settings, instances }: Elector): void {
  for (const { members } of settings.groups ?? []) {
    const states = members.flatMap((name) => {
      const member = instances.get(name);
      return member === undefined || member.retiring ? [] : [member.router.state];
    });
    expect(new Set(states).size, states.join(' ')).toBeLessThanOrEqual(1);
  }
}

let pair: Directors;
beforeEach(() => {
  pair = new Directors();
});

describe('two directors with a group of two', () => {
  beforeEach(() => {
    pair.configure('a');
    pair.configure('b');
    pair.run(5000);
    expect([pair.states('a'), pair.states('b')]).toEqual([
      ['MASTER', 'MASTER'],
      ['BACKUP', 'BACKUP'],
    ]);
  });

  test.each(LINKS)('a link down moves both members at once: %s', (name) => {
    pair.link('a', name, false);
    expect(pair.states('a')).toEqual(['FAULT', 'FAULT']);
    expect([...pair.held].filter((each) => each.startsWith('a'))).toEqual([]);
    pair.run(4000);
    expect(pair.states('b')).toEqual(['MASTER', 'MASTER']);
    pair.link('a', name, true);
    pair.run(5000);
    expect(pair.states('a')).toEqual(['MASTER', 'MASTER']);
    expect(pair.states('b')).toEqual(['BACKUP', 'BACKUP']);
    expect(pair.groupStates('a')).toEqual(['BACKUP', 'MASTER', 'FAULT', 'BACKUP', 'MASTER']);
  });
  test('adverts lost on one link leave everything as it is', () => {
    pair.cut.add('a eth1');
    pair.run(20_000);
    expect(pair.states('b')).toEqual(['BACKUP', 'BACKUP']);
    expect(pair.groupStates('b')).toEqual(['BACKUP']);
    pair.cut.add('a eth0');
    pair.run(5000);
    expect(pair.states('b')).toEqual(['MASTER', 'MASTER']);
  });
  test('a drill hands over and comes back with both', () => {
    pair.command('a', { type: 'drill', holdMs: 2000 });
    pair.run(1500);
    expect(pair.states('a')).toEqual(['BACKUP', 'BACKUP']);
    expect(pair.states('b')).toEqual(['MASTER', 'MASTER']);
    pair.run(8000);
    expect(pair.states('a')).toEqual(['MASTER', 'MASTER']);
    const steps = pair.reports.flatMap(({ report }) => (report.type === 'drill' ? [report.step] : []));
    expect(steps.filter((step) => step === 'relieved')).toHaveLength(2);
    expect(steps.filter((step) => step === 'returned')).toHaveLength(2);
  });
  test('a stop hands over both, and each address has an owner all the time', () => {
    pair.command('a', { type: 'stop' });
    expect([...pair.held].filter((each) => each.endsWith('.50'))).toHaveLength(2);
    pair.run(2000);
    expect(pair.states('b')).toEqual(['MASTER', 'MASTER']);
    expect(pair.reports.at(-1)?.report.type === 'stopped' || pair.electors.a.stopped).toBe(true);
    expect([...pair.held].sort()).toEqual(['b 10.0.0.50', 'b 10.1.0.50']);
  });
  test('a pause makes both listen', () => {
    pair.nowMs += 20_000;
    pair.feed('a', { type: 'wake' });
    expect(pair.states('a')).toEqual(['LEAVING', 'LEAVING']);
    pair.run(5000);
    expect(new Set([...pair.states('a'), ...pair.states('b')])).toEqual(new Set(['MASTER', 'BACKUP']));
  });
  test('a member that a reload adds joins the master at once; one that it takes out leaves alone', () => {
    pair.configure('a', {}, [G], 1);
    pair.run(10_000);
    expect(pair.states('a')).toEqual(['MASTER']);
    pair.configure('a');
    expect(pair.states('a')).toEqual(['MASTER', 'MASTER']);
  });
  test('a better master on one link makes both yield', () => {
    pair.configure('b', { priority: 200 });
    pair.run(5000);
    expect(pair.states('b')).toEqual(['MASTER', 'MASTER']);
    expect(pair.states('a')).toEqual(['BACKUP', 'BACKUP']);
    expect([...pair.held].sort()).toEqual(['b 10.0.0.50', 'b 10.1.0.50']);
  });
});

test('a tracker that is not known yet keeps all members from the election', () => {
  const tracks = [{ kind: 'script' as const, name: 'chk', weight: 0, reverse: false }];
  pair.configure('a', { tracks });
  expect(pair.states('a')).toEqual(['INIT', 'INIT']);
  const tracker = { kind: 'script' as const, name: 'chk' };
  pair.command('a', { type: 'tracker', tracker, verdict: 'up' });
  expect(pair.states('a')).toEqual(['BACKUP', 'BACKUP']);
  pair.command('a', { type: 'tracker', tracker, verdict: 'down' });
  expect(pair.states('a')).toEqual(['FAULT', 'FAULT']);
});

test('routers that were on their own and become a group serve together', () => {
  pair.configure('a', {}, []);
  pair.run(5000);
  pair.link('a', 'eth1', false);
  expect(pair.states('a')).toEqual(['MASTER', 'FAULT']);
  pair.configure('a');
  expect(pair.states('a')).toEqual(['FAULT', 'FAULT']);
});

/** Every step of every director is held against the one-state rule by {@link Directors.feed}. */
test.each(Array.from({ length: 60 }, (_, seed) => seed))('whatever happens: seed %i', (seed) => {
  const random = seededRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const tracks = [{ kind: 'script' as const, name: 'chk', weight: 0, reverse: false }];
  const tracker = { kind: 'script' as const, name: 'chk' };
  const who = () => pick(['a', 'b'] as const);
  const happenings = [
    () => pair.link(who(), pick(LINKS), random() < 0.6),
    () => pair.cut.add(`${who()} ${pick(LINKS)}`),
    () => pair.cut.clear(),
    () => pair.command(who(), { type: 'drill', holdMs: 2000 }),
    () => pair.command(who(), { type: 'tracker', tracker, verdict: pick(['up', 'down', 'unknown']) }),
    () =>
      pair.configure(
        who(),
        {
          ...(random() < 0.3 ? { tracks } : {}),
          priority: pick([1, 100, 150, 254, 255]),
          preempt: random() < 0.7,
        },
        random() < 0.8 ? [G] : [],
        pick([1, 2, 2]),
      ),
    () => {
      pair.nowMs += 15_000;
    },
  ];
  pair.configure('a');
  pair.configure('b');
  for (let n = 0; n < 60; n++) {
    pick(happenings)();
    pair.run(random() * 4000);
  }
  pair.cut.clear();
  for (const each of ['a', 'b'] as const) {
    for (const name of LINKS) pair.link(each, name, true);
    pair.configure(each);
  }
  pair.run(30_000);
  expect(pair.states('a')).toEqual(['MASTER', 'MASTER']);
  expect(pair.states('b')).toEqual(['BACKUP', 'BACKUP']);
  expect([...pair.held].sort()).toEqual(['a 10.0.0.50', 'a 10.1.0.50']);
});

test('a split heals on one link of two: the addresses of both are announced again', () => {
  for (const who of ['a', 'b']) for (const name of LINKS) pair.cut.add(`${who} ${name}`);
  for (const who of ['b', 'a'] as const) pair.configure(who);
  pair.run(5000);
  expect([pair.states('a'), pair.states('b')]).toEqual([Array(2).fill('MASTER'), Array(2).fill('MASTER')]);
  for (const n of [0, 1]) pair.asked.set(vipOf(n), 'b');
  for (const who of ['a', 'b']) pair.cut.delete(`${who} eth0`);
  pair.run(1100);
  expect(pair.states('b')).toEqual(['BACKUP', 'BACKUP']);
  expect([...pair.asked.values()]).toEqual(['a', 'a']);
});
