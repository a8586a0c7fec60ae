// The choice rules against what IPVS does: its documented sequences, its tie-breaks, and properties that hold
// for any weights.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, newTurn, restartTurn, SCHEDULERS } from '../../../src/ipvs/embedded/schedulers.ts';

function candidates(...weights: number[]): Candidate[] {
  return weights.map((weight) => ({
    weight,
    overloaded: false,
    activeConnections: 0,
    inactiveConnections: 0,
  }));
}
/** Letters of the servers chosen, `-` for none; chosen servers keep an active connection each. */
function sequence(scheduler: string, servers: Candidate[], length: number): string {
  const turn = newTurn();
  restartTurn(turn, servers);
  return Array.from({ length }, () => {
    const index = SCHEDULERS[scheduler]!(servers, turn);
    if (index === -1) return '-';
    servers[index]!.activeConnections++;
    return 'ABCDEFGH'[index];
  }).join('');
}

test('rr takes turns and passes over the quiesced and the overloaded', () => {
  expect(sequence('rr', candidates(1, 1, 1), 7)).toBe('ABCABCA');
  expect(sequence('rr', candidates(1, 0, 5), 4)).toBe('ACAC');
  const servers = candidates(1, 1, 1);
  servers[0]!.overloaded = true;
  expect(sequence('rr', servers, 4)).toBe('BCBC');
  expect(sequence('rr', candidates(0, 0), 2)).toBe('--');
  expect(sequence('rr', [], 1)).toBe('-');
});

test('wrr interleaves as the documentation of LVS says: A4 B3 C2 = AABABCABC', () => {
  expect(sequence('wrr', candidates(4, 3, 2), 18)).toBe('AABABCABCAABABCABC');
  expect(sequence('wrr', candidates(2, 2), 4)).toBe('ABAB');
  // The greatest common divisor is the step: 100 and 50 are 2 and 1.
  expect(sequence('wrr', candidates(100, 50), 6)).toBe('AABAAB');
  expect(sequence('wrr', candidates(3, 0, 1), 4)).toBe('AAAC');
  expect(sequence('wrr', candidates(0, 0), 1)).toBe('-');
});

test('wrr with every server overloaded ends, and goes on when one is back', () => {
  const servers = candidates(5, 3);
  for (const server of servers) server.overloaded = true;
  const turn = newTurn();
  restartTurn(turn, servers);
  for (let i = 0; i < 3; i++) expect(SCHEDULERS.wrr!(servers, turn)).toBe(-1);
  servers[1]!.overloaded = false;
  for (let i = 0; i < 3; i++) expect(SCHEDULERS.wrr!(servers, turn)).toBe(1);
});

test('lc counts an active connection as 256 inactive ones; the first of equals is taken', () => {
  const servers = candidates(1, 1, 1);
  servers[0]!.activeConnections = 1;
  servers[1]!.inactiveConnections = 255;
  servers[2]!.inactiveConnections = 256;
  expect(SCHEDULERS.lc!(servers, newTurn())).toBe(1);
  servers[1]!.inactiveConnections = 256;
  expect(SCHEDULERS.lc!(servers, newTurn())).toBe(0);
  expect(sequence('lc', candidates(1, 9, 0), 4)).toBe('ABAB');
});

test('wlc weighs: connections settle in proportion to the weights', () => {
  expect(sequence('wlc', candidates(1, 3), 8)).toBe('ABBBABBB');
  expect(sequence('wlc', candidates(0, 1), 2)).toBe('BB');
});

const weights = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 });
test('whatever the weights: wrr gives each server exactly its share of a round, wlc is never one off', () => {
  fc.assert(
    fc.property(weights, (chosen) => {
      const round = chosen.reduce((sum, weight) => sum + weight, 0);
      fc.pre(round > 0);
      const counts = (text: string) => chosen.map((_, i) => text.split('ABCDEFGH'[i]!).length - 1);
      expect(counts(sequence('wrr', candidates(...chosen), round))).toEqual(chosen);
      const least = counts(sequence('wlc', candidates(...chosen), round));
      least.forEach((count, i) => {
        expect(Math.abs(count - chosen[i]!)).toBeLessThanOrEqual(1);
      });
    }),
  );
});
