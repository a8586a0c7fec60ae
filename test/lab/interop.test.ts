// A pair of lvs-director (dirA) and Debian's keepalived (dirB) that speaks VRRP in every way at once, each in
// both roles: who holds an address, who takes over, and what the client believes.
import { beforeAll, describe, expect, test } from 'vitest';
import { factsOf, stalledMs } from './facts.ts';
import { instances, masterDownMs, type Spoken } from './guest/interop-configuration.ts';
import { bootGuest, type GuestReport } from './guest.ts';

/** The guest's one CPU serves two directors and whoever watches them. */
const LATE_MS = 400;
const MAC = { dirA: '02:00:00:00:00:0b', dirB: '02:00:00:00:00:0c' } as const;
type Macs = Record<string, string>;
type Taken = { takenMs: Record<string, number>; macs: Macs };

let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'interop.ts' });
});

/** The client's neighbour for an address that `owner` holds. */
function macOf({ way, vrid, family }: Spoken, owner: 'dirA' | 'dirB'): string {
  if (!way.endsWith('vmac')) return MAC[owner];
  return `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`;
}
function macs(owner: (own: Spoken) => 'dirA' | 'dirB'): Macs {
  return Object.fromEntries(instances.map((own) => [own.name, macOf(own, owner(own))]));
}
const byPriority = macs(({ better }) => better);

test('each is master where it is the better one, and answers', () => {
  const { answered, macs: known } = factsOf<{ answered: string[]; macs: Macs }>(report, 'start');
  expect(answered).toEqual(instances.map(({ name }) => name));
  // keepalived's interface of ipv6-vmac answers for it, too, with a MAC that is on both directors.
  expect(known).toEqual({ ...byPriority, 'vmac-dirB': expect.stringMatching(/^00:00:5e:00:0/) });
});

test('left alone they stay that way: nobody is two, nobody is none', () => {
  const { odd, before, after } = factsOf<{ odd: string[]; before: number[]; after: number[] }>(
    report,
    'undisturbed',
  );
  expect(odd).toEqual([]);
  expect(after).toEqual(before);
});

describe.each([
  ['dirB', 'dirA', 'keepalived'],
  ['dirA', 'dirB', 'lvs-director'],
] as const)('%s', (cut, other, program) => {
  test(`cut off (${program}), the other takes over within the protocol's bound, and the client knows`, () => {
    const { takenMs, macs: known } = factsOf<Taken>(report, `${cut} cut off`);
    console.info(`${cut} (${program}) cut off: ${other} took over after ${JSON.stringify(takenMs)} ms`);
    const lateMs = LATE_MS + stalledMs(report, `${cut} cut off`);
    const late = instances.filter(
      (own) => own.better === cut && !(takenMs[own.name]! <= masterDownMs(own) + lateMs),
    );
    expect(late.map(({ name }) => `${name} ${takenMs[name]}`)).toEqual([]);
    expect(Object.keys(takenMs)).toHaveLength(instances.length / 2);
    expect(known).toEqual(macs(() => other));
  });

  test('heard again, it gets back what is its own, and the client knows', () => {
    const { ms, macs: known } = factsOf<{ ms: number; macs: Macs }>(report, `${cut} healed`);
    console.info(`${cut} (${program}) healed: everybody in their role after ${ms} ms`);
    expect(known).toEqual(byPriority);
  });
});

test('keepalived stops: we take over within the skew, and it comes back', () => {
  const { takenMs, left, macs: known } = factsOf<Taken & { left: string[] }>(report, 'dirB stopped');
  expect(left).toEqual([]);
  expect(known).toEqual(macs(() => 'dirA'));
  expectHandedOver(takenMs, stalledMs(report, 'dirB stopped'));
  expect(factsOf<{ macs: Macs }>(report, 'dirB back').macs).toEqual(byPriority);
});

test('we stop: keepalived takes over within the skew, and nothing is left behind', () => {
  const facts = factsOf<Taken & { left: string[]; exit: number }>(report, 'dirA stopped');
  expect(facts).toMatchObject({ left: [], exit: 0, macs: macs(() => 'dirB') });
  expectHandedOver(facts.takenMs, stalledMs(report, 'dirA stopped'));
});

/** Priority 0 is waited for no longer than the skew, which is less than an advert. */
function expectHandedOver(takenMs: Record<string, number>, stalled: number): void {
  console.info(`stopped: took over after ${JSON.stringify(takenMs)} ms`);
  for (const { name, advert } of instances.filter((own) => takenMs[own.name] !== undefined))
    expect(takenMs[name], name).toBeLessThanOrEqual(advert * 1000 + LATE_MS + stalled);
}
