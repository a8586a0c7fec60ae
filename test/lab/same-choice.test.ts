// The embedded engine chooses as the kernel's IPVS does: the same random sequences of packets and changes
// through both, for every scheduler; both know the same connections in the end.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

type Result = { schedulers: { name: string; runs: number; failure?: string }[] };

const RUNS = 30;
const { result, log } = await bootGuest({
  program: 'same-choice.ts',
  env: { LAB_RUNS: `${RUNS}`, LAB_SEED: process.env.SEED ?? `${Math.trunc(Date.now() / 86_400_000)}` },
});
const { schedulers } = (result ?? { schedulers: [] }) as Result;

test('every scheduler of the guest was asked', () => {
  expect(schedulers.length, log).toBe(13);
});

test.each(schedulers)('$name', ({ runs, failure }) => {
  expect(failure).toBeUndefined();
  expect(runs).toBe(RUNS);
});
