// Shares of services: none is lost or in two, none moves, and few are more than full.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HealthTarget } from '../../src/health/shape.ts';
import { areSame, divided, NO_SHARES } from '../../src/health/shares.ts';

const target = (service: number, server: number): HealthTarget => ({
  service: `TCP 10.0.0.1:${service}`,
  server: `10.1.0.${server}:80`,
  checks: [],
  inhibit: false,
});
const some = fc
  .uniqueArray(fc.nat({ max: 300 }), { maxLength: 250 })
  .chain((services) =>
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: services.length, maxLength: services.length })
      .map((counts) =>
        services.flatMap((service, i) => Array.from({ length: counts[i]! }, (_, n) => target(service, n))),
      ),
  );

test('every target is in the share of its service, in its order, and stays there', () => {
  const check = (rounds: HealthTarget[][]) => {
    let before = NO_SHARES;
    for (const targets of rounds) {
      const shares = divided(targets, before);
      const shareOf = ({ service }: HealthTarget) => shares.shareOf.get(service)!;
      shares.targets.forEach((own, share) => {
        expect(own).toEqual(targets.filter((one) => shareOf(one) === share));
        expect(new Set(own.map(({ service }) => service)).size).toBeLessThanOrEqual(64);
      });
      expect(shares.targets.flat()).toHaveLength(targets.length);
      expect(shares.targets.length).toBeGreaterThanOrEqual(before.targets.length);
      for (const one of targets) expect(before.shareOf.get(one.service) ?? shareOf(one)).toBe(shareOf(one));
      before = shares;
    }
  };
  fc.assert(fc.property(fc.array(some, { maxLength: 4 }), check), { numRuns: 100 });
});

test('a server more is another share; the others are the same', () => {
  const targets = Array.from({ length: 300 }, (_, service) => target(service, 1));
  const before = divided(targets, NO_SHARES);
  const after = divided([...targets.slice(0, 100), target(99, 2), ...targets.slice(100)], before);
  expect(before.targets.map((own) => own.length)).toEqual([64, 64, 64, 64, 44]);
  const same = after.targets.map((own, share) => areSame(own, before.targets[share]!));
  expect(same).toEqual([true, false, true, true, true]);
});
