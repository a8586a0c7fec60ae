// keepalived 2.2.7 and we, with the same file, on the same kernel, while the same servers go and come: the
// same scripts with the same arguments, the same lines in the pipe, the same table after each step.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

type Side = { pipe: string[]; scripts: string[]; table: string[] };
type Step = { step: string; keepalived: Side; ours: Side };

const { exitCode, result, log } = await bootGuest({ program: 'service-notify.ts' });
const { steps } = (result ?? { steps: [] }) as { steps: Step[] };

test('every step was made, and something was told', () => {
  expect(exitCode, log).toBe(0);
  expect(
    steps.map(({ step }) => step),
    log,
  ).toHaveLength(7);
  expect(steps.flatMap(({ keepalived }) => keepalived.scripts).length).toBeGreaterThan(10);
});

test.each(steps)('$step', ({ keepalived, ours }) => {
  expect(ours).toEqual(keepalived);
});
