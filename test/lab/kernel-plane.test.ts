// The kernel data plane against real IPVS with ipvsadm as the witness: every check of guest/kernel-plane.ts
// is a test here.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

type Result = {
  checks: { name: string; ok: boolean; detail: string }[];
  measured: Record<string, unknown>;
};

const { exitCode, result, log } = await bootGuest({ program: 'kernel-plane.ts', timeoutMs: 300_000 });
const { checks, measured } = (result ?? { checks: [], measured: {} }) as Result;
console.info(`kernel plane: ${JSON.stringify(measured)}`);

test('all checks ran', () => {
  expect(checks.length, log).toBeGreaterThan(0);
  expect(exitCode, log).toBe(checks.every(({ ok }) => ok) ? 0 : 1);
});

test.each(checks)('$name', ({ ok, detail }) => {
  expect(ok, detail).toBe(true);
});
