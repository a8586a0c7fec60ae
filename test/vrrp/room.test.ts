// How many addresses an advert has room for, and what becomes of the others. Of IPv6 at an MTU of 1500 it is
// what keepalived 2.2.7 says with `exceeds maximum/space available in packet`; the rest counts likewise.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { createElector, stepElector } from '../../src/vrrp/elector.ts';
import { type Action, allVips } from '../../src/vrrp/instance.ts';
import { decodeAdvert } from '../../src/vrrp/packet.ts';
import { fitToLink } from '../../src/vrrp/room.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const vip = (text: string) => ({ address: address(text), prefixLength: 64, interface: LINK, scope: 0 });
const six = (count: number) => Array.from({ length: count }, (_, n) => vip(`fd00::${(n + 1).toString(16)}`));
const four = (count: number) => Array.from({ length: count }, (_, n) => vip(`10.0.${n >> 8}.${n & 255}`));
const IPV6 = { multicastGroup: address('ff02::12') };
const hmac = {
  keys: [{ id: 1, secret: '00'.repeat(32) }],
  activeKey: 1,
  mode: 'enforce',
  antiReplay: 'time',
  windowSeconds: 5,
} as const;

test.each([
  ['IPv6', { ...IPV6, vips: six(300) }, 1500, 89],
  ['IPv6, large frames', { ...IPV6, vips: six(300) }, 9000, 255],
  ['IPv6, signed', { ...IPV6, vips: six(300), hmac }, 1500, 88],
  ['IPv4', { vips: four(300) }, 1500, 255],
  ['IPv4, small frames', { vips: four(300) }, 576, 133],
  ['version 2, small frames', { vips: four(300), version: 2 as const }, 576, 131],
])('%s', (_, own, mtu, most) => {
  const settings = instanceSettings(own);
  const fitted = fitToLink(settings, mtu);
  expect(fitted.vips).toEqual(settings.vips.slice(0, most));
  expect(allVips(fitted)).toEqual(allVips(settings));
  const enough = instanceSettings({ ...own, vips: settings.vips.slice(0, most) });
  expect(fitToLink(enough, mtu)).toBe(enough);
});

test('a link-local address stays, wherever it stands', () => {
  const fitted = fitToLink(instanceSettings({ ...IPV6, vips: [...six(100), vip('fe80::1')] }), 1500);
  expect(fitted.vips.map((each) => each.address).slice(0, 2)).toEqual(['fe80::1', 'fd00::1']);
  expect(fitted.vips).toHaveLength(89);
});

test('a master follows the MTU of its link: it holds all, advertises what fits, and says so', () => {
  const elector = createElector();
  let nowMs = 1000;
  const told: string[] = [];
  const feed = (input: Parameters<typeof stepElector>[1]): Action[] => {
    const actions = stepElector(elector, input, nowMs);
    for (const action of actions)
      if (action.do === 'report' && action.report.type === 'notice') told.push(action.report.notice.message);
    return actions;
  };
  const link = (mtu: number) =>
    feed({ type: 'link', interface: LINK, link: { up: true, addresses: [address('10.9.0.1')], mtu } });
  const beat = () => {
    nowMs += 1000;
    return feed({ type: 'wake' });
  };
  const advertised = (actions: Action[]) =>
    actions.flatMap((action) => {
      const decoded = action.do === 'send' ? decodeAdvert(action.packet) : undefined;
      return decoded?.ok ? [decoded.advert.addresses.length] : [];
    });
  link(576);
  const instances = [instanceSettings({ vips: four(200) })];
  const settings = { instances, realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
  feed({ type: 'command', command: { type: 'configure', settings } });
  expect(told).toEqual([
    '(VI_1) Number of VIPs (200) exceeds maximum/space available in packet ' +
      '(max 133 addresses, MTU 576) - excess moved to eVIPs',
  ]);
  nowMs += 5000;
  const master = feed({ type: 'wake' });
  expect(advertised(master)).toEqual([133]);
  expect(master.flatMap((action) => (action.do === 'addVips' ? action.vips : []))).toHaveLength(200);
  link(1500);
  expect(advertised(beat())).toEqual([200]);
  link(300);
  expect(advertised(beat())).toEqual([64]);
  expect(told.at(-1)).toContain('max 64 addresses, MTU 300');
});
