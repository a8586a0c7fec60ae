// VLANs are the embedded engine's through their interfaces, as they are everybody else's.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

test('from one VLAN of a cable to another and back', async () => {
  const { result, log } = await bootGuest({ program: 'vlan.ts' });
  // The cable itself carries all of it, tagged: the engine has nothing to do there.
  expect(result, log).toEqual({ failures: [], arrived: true, sentOn: ['eth0.10', 'eth0.20'] });
});
