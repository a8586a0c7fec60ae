// Words of state changes: keepalived 2.2.7's where it has some, since log monitors look for them.
import { expect, test } from 'vitest';
import { groupNotice, stateNotice } from '../../src/director/notices.ts';
import type { State } from '../../src/vrrp/settings.ts';

test.each<[State, State, string]>([
  ['INIT', 'BACKUP', '(VI_1) Entering BACKUP STATE (init)'],
  ['BACKUP', 'MASTER', '(VI_1) Entering MASTER STATE'],
  ['MASTER', 'BACKUP', '(VI_1) Entering BACKUP STATE'],
  ['MASTER', 'FAULT', '(VI_1) Entering FAULT STATE'],
  ['MASTER', 'LEAVING', '(VI_1) sent 0 priority; serving until the new master is heard'],
  ['LEAVING', 'INIT', '(VI_1) Stopped'],
])('an instance, %s to %s', (from, to, message) => {
  const report = {
    type: 'state',
    instance: 'VI_1',
    from,
    to,
    reason: 'why',
    priority: 100,
    atMs: 0,
  } as const;
  expect(stateNotice(report)).toMatchObject({ event: 'vrrp.state', message, fields: { from, to } });
});

test.each<[State, string]>([
  ['MASTER', 'VRRP_Group(G) Syncing instances to MASTER state'],
  ['BACKUP', 'VRRP_Group(G) Syncing instances to BACKUP state'],
  ['FAULT', 'VRRP_Group(G) Syncing instances to FAULT state'],
  ['LEAVING', 'VRRP_Group(G) Handing over'],
  ['INIT', 'VRRP_Group(G) Stopped'],
])('a group, to %s', (to, message) => {
  expect(groupNotice({ type: 'group', group: 'G', from: 'BACKUP', to, atMs: 0 })).toMatchObject({ message });
});
