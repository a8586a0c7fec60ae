// A master goes and the other takes over: do the sessions survive? Three forwarding methods, power loss and
// planned stop.
import { describe, expect, test } from 'vitest';
import { expectNoSessionLost, takeover } from './scenario.ts';

const pair = { dirA: 'lvs-director', dirB: 'lvs-director', advert: 0.2 } as const;

describe('power loss of the master', () => {
  test.each(['nat', 'dr', 'tun'] as const)('%s: every session goes on through the backup', async (mode) => {
    const result = await takeover({ ...pair, how: 'power', mode });
    expectNoSessionLost(result);
    expect(Object.keys(result.requests.servers).toSorted()).toEqual(['rs1', 'rs2', 'rs3']);
  });
});

test('planned stop of the master: every session goes on, and it ends with exit code 0', async () => {
  const result = await takeover({ ...pair, how: 'stop', mode: 'nat' });
  expectNoSessionLost(result);
  expect(result.exit).toBe(0);
});
