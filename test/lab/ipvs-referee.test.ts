// Whatever virtual servers a file has, keepalived 2.2.7 and we make the same IPVS table of it: random files
// through both, on one kernel, with ipvsadm as the witness. `node tools/lab.ts ipvs-referee.ts SEED COUNT
// SERVICES` replays one or tries many.
import { expect, test } from 'vitest';
import { bootGuest } from './guest.ts';

type File = { seed: number; lines: number; missing: string[]; superfluous: string[]; said: string[] };

const { exitCode, result, log } = await bootGuest({ program: 'ipvs-referee.ts', args: ['1', '2', '40'] });
const { files } = (result ?? { files: [] }) as { files: File[] };

test('all files were judged, and are of some size', () => {
  expect(files, log).toHaveLength(2);
  expect(exitCode, log).toBe(0);
  for (const { lines } of files) expect(lines).toBeGreaterThan(100);
});

test.each(files)('seed $seed: the same table', ({ missing, superfluous, said }) => {
  expect({ missing, superfluous, said }).toEqual({ missing: [], superfluous: [], said: [] });
});
