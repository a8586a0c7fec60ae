// What the elector has the main thread do never comes after what undoes it, whichever thread is ahead.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pair } from './elector-pair.ts';

const PROGRAM = fileURLToPath(new URL('errands-program.ts', import.meta.url));

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterAll(() => pair.remove());

test('an address that is removed while it is renewed does not come back', async () => {
  const text = await pair.output('a', [process.execPath, PROGRAM]);
  const { stayed, failed, made } = JSON.parse(text) as Record<string, number>;
  expect({ stayed, failed }).toEqual({ stayed: 0, failed: 0 });
  // Else nothing was tried; and what came too late the elector made itself.
  expect(made).toBeGreaterThan(100);
  expect(made).toBeLessThan(3000);
});
