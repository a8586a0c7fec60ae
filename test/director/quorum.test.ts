// When enough processes run: the delay of each direction, and what puts an end to it.
import { expect, test } from 'vitest';
import { type Quorum, stepQuorum } from '../../src/director/quorum.ts';

const target = { quorum: 2, quorumMax: 3, forkDelayMs: 100, terminateDelayMs: 300 };

test.each<[string, [count: number, atMs: number][], string[]]>([
  ['what is found first counts at once', [[2, 0]], ['up']],
  [
    'too few, and too many',
    [
      [1, 0],
      [4, 100],
      [3, 200],
    ],
    ['down', 'down', 'down'],
  ],
  [
    'up after its delay',
    [
      [0, 0],
      [2, 50],
      [2, 149],
      [2, 150],
    ],
    ['down', 'down', 'down', 'up'],
  ],
  [
    'down after its own',
    [
      [2, 0],
      [1, 50],
      [1, 349],
      [1, 350],
    ],
    ['up', 'up', 'up', 'down'],
  ],
  [
    'a restart in time is nothing',
    [
      [2, 0],
      [1, 50],
      [2, 200],
      [1, 250],
      [1, 500],
    ],
    ['up', 'up', 'up', 'up', 'up'],
  ],
])('%s', (_, counts, expected) => {
  let quorum: Quorum | undefined;
  const verdicts = counts.map(([count, atMs]) => {
    quorum = stepQuorum(quorum, count, target, atMs);
    return quorum.verdict;
  });
  expect(verdicts).toEqual(expected);
});
