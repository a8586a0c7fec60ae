// Interfaces that change the priority: what keepalived 2.2.7 was measured to advertise, and what follows.
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { createElector, type Elector, nextDeadlineMs, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { decodeAdvert } from '../../src/vrrp/packet.ts';
import type { InstanceSettings, WeightedInterface } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

let elector: Elector;
let nowMs: number;
beforeEach(() => {
  elector = createElector();
  nowMs = 1000;
  link(LINK, true);
  link('eth1', true);
  link('eth2', true);
});

function link(name: string, up: boolean): Action[] {
  const addresses = name === LINK ? [address('10.0.0.11')] : [];
  return stepElector(elector, { type: 'link', interface: name, link: { up, addresses } }, nowMs);
}
function configure(own: Partial<InstanceSettings>): Action[] {
  const instances = [instanceSettings(own)];
  const settings = { instances, realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
  return stepElector(elector, { type: 'command', command: { type: 'configure', settings } }, nowMs);
}
/** Until nobody is heard for long enough. */
function silence(): Action[] {
  nowMs = masterDownAtMs()!;
  return stepElector(elector, { type: 'wake' }, nowMs);
}
const masterDownAtMs = () => elector.instances.get('VI_1')!.deadlines.get('masterDown');
const sent = (actions: Action[]): number[] =>
  actions.flatMap((action) => {
    const decoded = action.do === 'send' ? decodeAdvert(action.packet) : undefined;
    return decoded?.ok ? [decoded.advert.priority] : [];
  });
const priorityNow = () => elector.instances.get('VI_1')!.own.priority;
const notices = (actions: Action[]) =>
  actions.flatMap((action) =>
    action.do === 'report' && action.report.type === 'notice' ? [action.report.notice.message] : [],
  );
const weights = (...all: [string, number, 'up' | 'down'][]): WeightedInterface[] =>
  all.map(([name, weight, state]) => ({ interface: name, weight, while: state }));

test.each<[string, WeightedInterface[], number, number]>([
  ['weight 20', weights(['eth1', 20, 'up']), 120, 100],
  ['weight -20', weights(['eth1', -20, 'down']), 100, 80],
  ['weight 20 reverse', weights(['eth1', -20, 'up']), 80, 100],
  ['weight -20 reverse', weights(['eth1', 20, 'down']), 100, 120],
  ['never that of an owner', weights(['eth1', 200, 'up']), 254, 100],
  ['never a resignation', weights(['eth1', -200, 'down']), 100, 1],
  ['they add up', weights(['eth1', 20, 'up'], ['eth2', 5, 'up']), 125, 105],
])('%s: up, down and up again', (_, weightedInterfaces, up, down) => {
  configure({ weightedInterfaces });
  expect(priorityNow()).toBe(up);
  link('eth1', false);
  expect(priorityNow()).toBe(down);
  link('eth1', true);
  expect(priorityNow()).toBe(up);
});

describe('a change', () => {
  const weightedInterfaces = weights(['eth1', -20, 'down']);
  test('is told, and advertised at once by a MASTER, which stays it', () => {
    configure({ weightedInterfaces });
    expect(sent(silence())).toEqual([100]);
    const down = link('eth1', false);
    expect(notices(down)).toEqual(['(VI_1) Changing effective priority from 100 to 80']);
    expect(sent(down)).toEqual([80]);
    expect(elector.instances.get('VI_1')!.router.state).toBe('MASTER');
    expect(nextDeadlineMs(elector) - nowMs).toBe(1000);
  });
  test('does not put off the takeover of a BACKUP', () => {
    configure({ weightedInterfaces });
    const deadline = masterDownAtMs();
    nowMs += 500;
    expect(sent(link('eth1', false))).toEqual([]);
    expect(masterDownAtMs()).toBe(deadline);
  });
  test('of an interface that is not there counts as down', () => {
    stepElector(elector, { type: 'link', interface: 'eth1', link: undefined }, nowMs);
    configure({ weightedInterfaces });
    expect(priorityNow()).toBe(80);
  });
  test('of the file goes on from what links make of it', () => {
    configure({ weightedInterfaces });
    link('eth1', false);
    expect(notices(configure({ weightedInterfaces, priority: 200 }))).toEqual([
      '(VI_1) Changing effective priority from 80 to 180',
    ]);
    expect(notices(configure({ weightedInterfaces, priority: 200 }))).toEqual([]);
  });
});

test("an owner's priority does not change", () => {
  configure({ priority: 255, weightedInterfaces: weights(['eth1', -20, 'down']) });
  link('eth1', false);
  expect(priorityNow()).toBe(255);
});
