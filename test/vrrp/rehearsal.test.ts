// A rehearsal does what a takeover does, and leaves the elector it rehearses for as it was.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { rehearseTakeover } from '../../src/vrrp/rehearsal.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const settings: ElectorSettings = {
  instances: [instanceSettings({})],
  realtimePriority: 0,
  leaseSeconds: 4,
  addresses: 'kernel',
};
const links = (up: boolean) => new Map([[LINK, { up, addresses: [address('10.0.0.12')] }]]);

test('an advert, the addresses, their announcements', () => {
  const done = rehearseTakeover(settings, links(true)).map((action) => action.do);
  expect(done.filter((what) => what !== 'report')).toEqual(['removeVips', 'send', 'addVips', 'announce']);
});

test('without a link there is no takeover to rehearse', () => {
  const done = rehearseTakeover(settings, links(false)).map((action) => action.do);
  expect(done).not.toContain('addVips');
});
