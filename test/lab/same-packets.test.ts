// What the embedded engine sends is what the kernel's IPVS sends, to the byte: NAT, direct routing, tunnels,
// answers, errors.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

type Result = { runs: number; failure?: string };

const RUNS = 120;
const { result, log } = await bootGuest({
  program: 'same-packets.ts',
  env: { LAB_RUNS: `${RUNS}`, LAB_SEED: process.env.SEED ?? `${Math.trunc(Date.now() / 86_400_000)}` },
});

test('the same packets in, the same packets out', () => {
  const seen = result as Result | undefined;
  expect(seen?.failure).toBeUndefined();
  expect(seen?.runs, log).toBe(RUNS);
});
