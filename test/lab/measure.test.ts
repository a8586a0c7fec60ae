// The figures every lab scenario rests on: what counts as a surviving session and as an outage.
import { describe, expect, test } from 'vitest';
import { type RequestLog, reportRequests, reportSessions, type SessionLog } from './guest/measure.ts';
import { handover, parseWire } from './guest/wire.ts';

const WINDOW = { from: 10_000, to: 20_000 };
const TRAFFIC = { everyMs: 500, requestEveryMs: 25 };

function session(changes: Partial<SessionLog>): SessionLog {
  const base = {
    group: 'g',
    kind: 'active',
    sent: 9,
    received: 9,
    sentAt: 19_800,
    echoes: [9000, 19_900],
  } as const;
  return { ...base, ...changes, echoes: changes.echoes ?? [...base.echoes] };
}
function survivors(...sessions: SessionLog[]) {
  const { open, survived, lost } = reportSessions(sessions, WINDOW, TRAFFIC);
  return { open, survived, lost };
}

describe('a session survives', () => {
  test('when something sent after the fault came back', () => {
    expect(survivors(session({}))).toEqual({ open: 1, survived: 1, lost: {} });
  });

  test('not when its last echo is from before the fault', () => {
    const silent = session({ received: 8, sentAt: 10_100, echoes: [9000] });
    expect(survivors(silent)).toEqual({ open: 1, survived: 0, lost: { stalled: 1 } });
  });

  test('not when it has been waiting for the end of the window', () => {
    const stalled = session({ received: 8, sentAt: 18_000, echoes: [9000, 17_900] });
    expect(survivors(stalled)).toEqual({ open: 1, survived: 0, lost: { stalled: 1 } });
  });

  test('not when it was reset, with the reason', () => {
    const reset = session({ death: { at: 10_300, reason: 'ECONNRESET' } });
    expect(survivors(reset)).toEqual({ open: 1, survived: 0, lost: { ECONNRESET: 1 } });
  });

  test('and one that was dead before does not count at all', () => {
    expect(survivors(session({ death: { at: 5000, reason: 'ECONNRESET' } }))).toMatchObject({ open: 0 });
  });

  test('the gap is the longest pause beyond the rhythm, and only after the fault', () => {
    const log = session({ echoes: [1000, 9950, 10_450, 11_950, 12_450] });
    expect(reportSessions([log], WINDOW, TRAFFIC).gapMs.max).toBe(8450);
    const steady = session({ echoes: [1000, 9800, 10_300, 11_950, 12_450] });
    expect(reportSessions([steady], WINDOW, TRAFFIC).gapMs.max).toBe(1150);
  });
});

describe('the outage', () => {
  const answered = (startedAt: number): RequestLog => ({ startedAt, tookMs: 3, server: 'rs1' });
  const failed = (startedAt: number): RequestLog => ({ startedAt, tookMs: 300, failure: 'timeout' });
  const outage = (...requests: RequestLog[]) => reportRequests(requests, WINDOW, TRAFFIC).outageMs;

  test('is nothing when every request is answered in its turn', () => {
    expect(outage(answered(9875), answered(9900), answered(9925), answered(9950))).toBe(0);
  });

  test('lasts from the last answered request to the next', () => {
    expect(outage(answered(9975), failed(10_000), failed(10_025), answered(10_300))).toBe(300);
  });

  test('lasts to the end when nobody is answered any more', () => {
    expect(outage(answered(9975), failed(10_000), failed(19_975))).toBe(9975);
  });

  test('counts from before the window when the first one fails', () => {
    expect(outage(answered(9800), failed(9950), answered(10_000))).toBe(175);
  });

  test('a request that is still on its way is not judged', () => {
    expect(outage(answered(9975), { startedAt: 10_000, failure: 'timeout' })).toBe(0);
  });
});

describe('a handover on the wire', () => {
  const advert = (at: string, from: string, priority: number) =>
    `${at} IP ${from} > 224.0.0.18: VRRPv3, Advertisement, vrid 51, prio ${priority}, intvl 10cs, length 12`;
  const announcement = (at: string, asked: string, asker = asked) =>
    `${at} ARP, Request who-has ${asked} (ff:ff:ff:ff:ff:ff) tell ${asker}, length 42`;
  const from = (...lines: string[]) => handover(parseWire(lines.join('\n')), '10.0.0.12', 361);

  test('is from the last advert to the newcomer’s first announcement of the VIP', () => {
    const lines = [
      announcement('99.9', '10.0.0.50'),
      advert('100.000', '10.0.0.11', 150),
      advert('100.100', '10.0.0.11', 150),
      announcement('100.200', '10.0.0.50', '10.0.0.100'),
      advert('100.465', '10.0.0.12', 100),
      announcement('100.467', '10.0.0.51'),
      announcement('100.468', '10.0.0.50'),
    ];
    expect(from(...lines)).toEqual({ announcedMs: 368, allowedMs: 361 });
  });

  test('that did not happen is an error', () => {
    expect(() => from(advert('1.0', '10.0.0.11', 150))).toThrow('no handover');
    expect(() => from(advert('1.0', '10.0.0.12', 100), announcement('1.1', '10.0.0.50'))).toThrow(
      'no handover',
    );
  });
});
