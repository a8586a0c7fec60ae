// Boots one takeover scenario and prints its figures; what must hold for every takeover is asserted in one
// place.
import { expect } from 'vitest';
import { evidence } from './facts.ts';
import type { Mode } from './guest/addresses.ts';
import type { Program } from './guest/director.ts';
import type { How, TakeoverResult } from './guest/takeover.ts';
import { bootGuest } from './guest.ts';

export type Scenario = { how: How; mode: Mode; advert: number; dirA: Program; dirB: Program };

/**
 * A starved host makes a guest miss three adverts before the fault that is to be tested; such a run says
 * nothing and is done again. Three of them in a row are a failure.
 */
const ATTEMPTS = 3;

export async function takeover(scenario: Scenario): Promise<TakeoverResult> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const result = await attemptTakeover(scenario);
    if (result.falseTakeovers === 0) return announce(scenario, result);
    console.info(`${result.falseTakeovers} false takeovers before the fault (host starved?); again`);
  }
  throw new Error(`${ATTEMPTS} runs with false takeovers before the fault`);
}

async function attemptTakeover(scenario: Scenario): Promise<TakeoverResult> {
  const args = Object.entries(scenario).map(([key, value]) => `${key}=${value}`);
  const report = await bootGuest({ program: 'takeover.ts', args });
  if (report.exitCode !== 0) throw new Error(`exit code ${report.exitCode}\n${evidence(report)}`);
  return report.result as TakeoverResult;
}

function announce(scenario: Scenario, result: TakeoverResult): TakeoverResult {
  const { sessions, requests, vipMovedMs } = result;
  const survived = Object.entries(sessions).map(([group, s]) => `${s.survived} of ${s.open} ${group}`);
  console.info(
    `${scenario.how} ${scenario.mode}, ${scenario.dirA} → ${scenario.dirB}, advert ${scenario.advert} s: ` +
      `VIP moved in ${vipMovedMs} ms, outage ${requests.outageMs} ms ` +
      `(${requests.failed} of ${requests.sent} requests), survived ${survived.join(' and ')} sessions`,
  );
  return result;
}

export function expectNoSessionLost({ sessions, ownersBefore }: TakeoverResult): void {
  expect(ownersBefore, 'the roles before the fault').toEqual({ dirA: true, dirB: false });
  expect(sessions.active).toMatchObject({ open: 150, survived: 150, lost: {} });
  expect(sessions.idle).toMatchObject({ open: 30, survived: 30, lost: {} });
}
