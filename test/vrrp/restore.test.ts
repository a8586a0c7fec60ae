// Addresses that somebody else takes away from a master: back at once, but not in an endless fight.
import { beforeEach, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { createElector, type Elector, nextDeadlineMs, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type { VirtualAddress } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const VIP: VirtualAddress = { address: address('10.0.0.51'), prefixLength: 24, interface: LINK, scope: 0 };
let elector: Elector;
let nowMs: number;

function feed(input: Parameters<typeof stepElector>[1]): Action[] {
  return stepElector(elector, input, nowMs);
}
function becomeMaster(vip: VirtualAddress, leaseSeconds: number): void {
  const instances = [instanceSettings({ vips: [vip] })];
  const settings = { instances, realtimePriority: 0, leaseSeconds, addresses: 'kernel' as const };
  feed({ type: 'link', interface: LINK, link: { up: true, addresses: [address('10.0.0.11')] } });
  feed({ type: 'command', command: { type: 'configure', settings } });
  pass(10_000);
  expect(elector.instances.get('VI_1')!.router.state).toBe('MASTER');
}
function pass(ms: number): Action[] {
  const actions: Action[] = [];
  const end = nowMs + ms;
  for (let next = nextDeadlineMs(elector); next <= end; next = nextDeadlineMs(elector)) {
    nowMs = next;
    actions.push(...feed({ type: 'wake' }));
  }
  nowMs = end;
  return actions;
}
const gone = () => feed({ type: 'vipGone', interface: LINK, address: VIP.address });
const added = (actions: Action[]) =>
  actions.filter(
    (action) => action.do === 'addVips' && action.vips.some((vip) => vip.address === VIP.address),
  );
const events = (actions: Action[]) =>
  actions.flatMap((action) =>
    action.do === 'report' && action.report.type === 'notice' ? [action.report.notice.event] : [],
  );

beforeEach(() => {
  elector = createElector();
  nowMs = 1000;
});

test('five times in ten seconds at once, then once at the end of them', () => {
  becomeMaster(VIP, 0);
  for (let n = 0; n < 5; n++) {
    const actions = gone();
    expect([added(actions).length, events(actions)]).toEqual([1, ['vip.restored']]);
  }
  const contested = gone();
  expect([added(contested).length, events(contested)]).toEqual([0, ['vip.contested']]);
  for (let n = 0; n < 1000; n++) expect(gone()).toEqual([]);
  expect(added(pass(9_999))).toEqual([]);
  expect(added(pass(1))).toHaveLength(1);
  expect(events(gone())).toEqual(['vip.restored']);
});

test('with no_track it stays away, and the lease does not bring it back either', () => {
  becomeMaster({ ...VIP, untracked: true }, 3);
  expect(added(pass(3000)).length).toBeGreaterThan(0);
  expect(gone()).toEqual([]);
  expect(added(pass(10_000))).toEqual([]);
});
