// `npm start` on a machine that has IPVS: the kernel forwards, and a drill and a crash lose no session.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/lvs-director');

test.each(['nat', 'dr'])('the demo with %s on the kernel’s own IPVS', async (mode) => {
  const { exitCode, log } = await bootGuest({
    program: 'command.ts',
    args: [PROGRAM, 'demo', '--once', '--mode', mode],
  });
  expect(exitCode, log).toBe(0);
  expect(log).toMatch(/kernel/);
  expect(log).toMatch(/sessions that survived +(\d+) of \1 +(\d+) of \2/);
});
