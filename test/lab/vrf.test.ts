// vrf, of routes and of instances, beside the real keepalived on a kernel that has it.
import { expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { bootGuest } from './guest.ts';

type Facts = {
  theirs: string[];
  mine: string[];
  together: { ours: string[]; theirs: string[] };
  advert: string;
  left: string[];
  atTheEnd: string[];
};

test('the routes are those of keepalived, and it hears an instance without interface', async () => {
  const report = await bootGuest({ program: 'vrf.ts' });
  const facts = factsOf<Facts>(report, 'vrf');
  expect(facts.mine).toHaveLength(3);
  expect(facts.mine).toEqual(facts.theirs);
  expect(facts.mine[0]).toContain('"table":"1042"');
  expect(facts.together).toEqual({ ours: ['BACKUP', 'MASTER'], theirs: [] });
  expect(facts.advert).toContain('10.1.0.1 > 10.1.0.2');
  expect(facts.left).toEqual([]);
  expect(facts.atTheEnd).toEqual([]);
});
