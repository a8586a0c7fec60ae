// A pool as a list that people, programs and tests can read.
import type { CheckKey, Pool } from './pool.ts';
import type { CheckSettings, ProbeResult } from './settings.ts';
import { at } from './vector.ts';
import type { Check } from './verdict.ts';

export type CheckView = Check & { key: CheckKey; settings: CheckSettings };
export type ServerView = {
  service: string;
  server: string;
  up: boolean;
  inhibit: boolean;
  checks: CheckView[];
};
/** What only the edge knows: times, and the last answers. All of one clock, which shows `atMs` now. */
export type HealthSnapshot = {
  atMs: number;
  servers: (Omit<ServerView, 'checks'> & {
    sinceMs: number;
    checks: (CheckView & { last?: { atMs: number; result: ProbeResult } })[];
  })[];
  probes: {
    underWay: number;
    waiting: number;
    /** The longest one ever had to wait for its turn. */
    longestWaitMs: number;
  };
};

export function describePool(pool: Pool): ServerView[] {
  return pool.servers.map(({ serviceKey, key, inhibit, firstCheck, checkCount }, index) => ({
    service: serviceKey,
    server: key,
    up: at(pool.failing, index) === 0,
    inhibit,
    checks: pool.checkSlots
      .slice(firstCheck, firstCheck + checkCount)
      .map((slot, i) => ({ ...at(pool.checks, firstCheck + i), key: slot.key, settings: slot.settings })),
  }));
}
