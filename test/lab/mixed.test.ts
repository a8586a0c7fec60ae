// A mixed pair with Debian's keepalived, in both roles: VRRP and the kernel's sync have to be understood
// both ways.
import { expect, test } from 'vitest';
import { expectNoSessionLost, takeover } from './scenario.ts';

const KEEPALIVED_MASTER = { dirA: 'keepalived', dirB: 'lvs-director' } as const;
const KEEPALIVED_BACKUP = { dirA: 'lvs-director', dirB: 'keepalived' } as const;

test.each(['power', 'stop'] as const)('keepalived takes over from us (%s): no session lost', async (how) => {
  expectNoSessionLost(await takeover({ ...KEEPALIVED_BACKUP, how, mode: 'nat', advert: 0.2 }));
});

test.each(['power', 'stop'] as const)('we take over from keepalived (%s): no session lost', async (how) => {
  const result = await takeover({ ...KEEPALIVED_MASTER, how, mode: 'nat', advert: 0.2 });
  expectNoSessionLost(result);
  expect(Object.keys(result.requests.servers).toSorted()).toEqual(['rs1', 'rs2', 'rs3']);
});
