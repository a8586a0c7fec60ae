// From the words about the state of links to what the elector waits for and what is polled.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planPolls } from '../../src/director/links.ts';
import { planElector } from '../../src/director/plan.ts';

function planned({ top = '', own = '' }: { top?: string; own?: string }) {
  const tracked = 'track_interface {\ne1\ne2 weight 10\n}\n';
  const vips = 'virtual_ipaddress {\n10.0.0.1/24\n10.3.0.1/24 dev e3\n}\n';
  const head = `interface e0\nvirtual_router_id 5\npriority 9\n${own}\n`;
  const router = `vrrp_instance V {\n${head}${tracked}${vips}}\n`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text: `${top}\n${router}` }]);
  return {
    polls: planPolls(configuration!).map(({ name, by }) => `${name} ${by ?? 'any'}`),
    links: planElector(configuration!, 'kernel').links,
    said: diagnostics.map(({ message }) => message),
  };
}
const link = (name: string, own: { downMs?: number; upMs?: number; isPolled?: boolean }) => ({
  interface: name,
  downMs: 0,
  upMs: 0,
  isPolled: false,
  ...own,
});

test('no word: nothing waits, nothing is polled', () => {
  expect(planned({})).toEqual({ polls: [], links: undefined, said: [] });
});

test.each([
  ['all in use', { top: 'linkbeat_use_polling' }, ['e0 any', 'e1 any', 'e2 any', 'e3 any']],
  ['the own one', { own: 'linkbeat_use_polling' }, ['e0 any']],
  ['those named', { top: 'linkbeat_interfaces {\ne1 MII\ne9\n}' }, ['e1 MII', 'e9 any']],
  [
    'all, one in its own way',
    { top: 'linkbeat_use_polling\nlinkbeat_interfaces {\ne1 IOCTL\n}' },
    ['e0 any', 'e1 IOCTL', 'e2 any', 'e3 any'],
  ],
])('polled: %s', (_, words, polls) => {
  const plan = planned(words);
  expect(plan.polls).toEqual(polls);
  expect(plan.links!.map(({ interface: name }) => name).sort()).toEqual(
    polls.map((each) => each.split(' ')[0]),
  );
  expect(plan.links!.every(({ isPolled }) => isPolled)).toBe(true);
});

test('delays of an interface are those of its device with a virtual MAC, which is not polled', () => {
  const top = 'interface_up_down_delays {\ne0 1.5 3\ne1 0.5\n}\nlinkbeat_interfaces {\ne0\n}';
  expect(planned({ top, own: 'use_vmac' }).links).toEqual([
    link('e0', { downMs: 1500, upMs: 3000, isPolled: true }),
    link('e1', { downMs: 500 }),
    link('vrrp.5', { downMs: 1500, upMs: 3000 }),
  ]);
});

test('a delay that a backup cannot wait for is said to be cut', () => {
  const top = 'interface_up_down_delays {\ne0 3\n}';
  expect(planned({ top }).said).toEqual(['V waits for e0 no longer than 2 s']);
  expect(planned({ top, own: 'advert_int 2' }).said).toEqual([]);
});
