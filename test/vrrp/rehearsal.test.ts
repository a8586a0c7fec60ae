// A rehearsal does what a takeover does, and leaves the elector it rehearses for as it was.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { rehearseTakeover } from '../../src/vrrp/rehearsal.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';

const vip = { address: address('10.0.0.50'), prefixLength: 24, interface: 'eth0', scope: 0 };
const settings: ElectorSettings = {
  instances: [
    {
      name: 'VI_1',
      interface: 'eth0',
      vrid: 51,
      priority: 100,
      version: 3,
      advertMs: 1000,
      initialState: 'BACKUP',
      preempt: true,
      preemptDelayMs: 0,
      multicastGroup: address('224.0.0.18'),
      unicastPeers: [],
      vips: [vip],
      excludedVips: [],
      trackInterfaces: [],
      garp: { delayMs: 5000, repeat: 5, refreshMs: 0, refreshRepeat: 1 },
    },
  ],
  realtimePriority: 0,
  leaseSeconds: 4,
  addresses: 'kernel',
};
const links = (up: boolean) => new Map([['eth0', { up, addresses: [address('10.0.0.12')] }]]);

test('an advert, the addresses, their announcements', () => {
  const done = rehearseTakeover(settings, links(true)).map((action) => action.do);
  expect(done.filter((what) => what !== 'report')).toEqual(['removeVips', 'send', 'addVips', 'announce']);
});

test('without a link there is no takeover to rehearse', () => {
  const done = rehearseTakeover(settings, links(false)).map((action) => action.do);
  expect(done).not.toContain('addVips');
});
