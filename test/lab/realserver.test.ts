// Real servers that are broken, each in one way: `realserver verify` finds each and says what is wrong, on
// the director by packets and on the server itself; `apply` repairs them, as packets prove; `remove` gives it
// back.
import { beforeAll, describe, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { bootGuest, type GuestReport } from './guest.ts';

type Found = Readonly<Record<string, string[]>>;
/** Twenty programs are started in the guest, one after the other: a minute on a machine of one's own. */
const PATIENCE_MS = 420_000;
let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'realserver.ts', timeoutMs: PATIENCE_MS });
}, PATIENCE_MS);

describe('from the director, by packets', () => {
  const found = (phase: string) =>
    phase === 'director' ? factsOf<Found>(report, phase) : factsOf<{ found: Found }>(report, phase).found;

  test.each([
    [
      'DR without the address',
      'dr-novip',
      [
        '4 wrong RS_VIP: it takes nothing in for 10.0.0.50: it has no such address',
        '6 wrong RS_VIP: it takes nothing in for fd00::50: it has no such address',
      ],
    ],
    [
      'DR that answers ARP',
      'dr-arp',
      ['4 wrong RS_ARP: it answers ARP for 10.0.0.50 (02:00:00:00:00:23): clients find it past the director'],
    ],
    [
      'DR where nobody listens',
      'dr-deaf',
      [
        '4 wrong RS_PORT: it refuses TCP 10.0.0.50:80: nobody listens there',
        '6 wrong RS_PORT: it refuses TCP [fd00::50]:80: nobody listens there',
      ],
    ],
    [
      'TUN without a device',
      'tun-nodev',
      [
        '4 wrong RS_TUNNEL: it refuses what is wrapped for it: no ipip device that is up takes it in',
        '6 wrong RS_TUNNEL: it refuses what is wrapped for it: no ip6tnl device that is up takes it in',
      ],
    ],
    [
      'TUN with a strict rp_filter',
      'tun-strict',
      ['4 wrong RS_RP_FILTER: what comes out of its tunnel is dropped, even for itself: rp_filter'],
    ],
    [
      'TUN without the address',
      'tun-novip',
      [
        '4 wrong RS_VIP: it unwraps packets, but takes nothing in for 10.0.0.51: it has no such address',
        '6 wrong RS_VIP: it unwraps packets, but takes nothing in for fd00::51: it has no such address',
      ],
    ],
    [
      'TUN through a path that is too narrow',
      'tun-mtu',
      [
        '4 wrong RS_TUNNEL_MTU: packets of 1500 bytes are lost in the tunnel, and nobody tells',
        '6 wrong RS_TUNNEL_MTU: packets of 1500 bytes are lost in the tunnel, and nobody tells',
      ],
    ],
    [
      'TUN by gre without a device',
      'tun-gre',
      ['4 wrong RS_TUNNEL: it refuses what is wrapped for it: no gre device that is up takes it in'],
    ],
    [
      'NAT whose gateway is another machine',
      'nat-gateway',
      [
        '4 wrong RS_GATEWAY: answers to other networks do not come back: the director is not its gateway',
        '6 wrong RS_GATEWAY: answers to other networks do not come back: the director is not its gateway',
      ],
    ],
  ])('%s', (_, machine, expected) => {
    expect(found('director')[machine]).toEqual(expected);
  });

  test('of those that are as they have to be nothing is said', () => {
    const good = ['dr-good', 'tun-good', 'tun-gue', 'nat-good'];
    expect(good.flatMap((machine) => found('director')[machine] ?? [])).toEqual([]);
  });

  test('after `apply` on each nothing is wrong but what it cannot do: that somebody listens', () => {
    expect(Object.keys(found('applied'))).toEqual(['dr-deaf']);
    expect(factsOf<{ steps: unknown[] }>(report, 'applied').steps).toEqual([]);
  });
});

test('the tunnelled servers and the NAT server know themselves what is wrong', () => {
  const codes = Object.entries(factsOf<Found>(report, 'servers')).map(([machine, lines]) => [
    machine,
    lines.map((line) => line.split(':')[0]),
  ]);
  expect(Object.fromEntries(codes)).toEqual({
    'tun-nodev': [
      '4 wrong RS_TUNNEL',
      '4 warning RS_TUNNEL_MTU',
      '6 wrong RS_TUNNEL',
      '6 warning RS_TUNNEL_MTU',
    ],
    'tun-strict': ['4 wrong RS_RP_FILTER', '4 wrong RS_RP_FILTER'],
    'tun-novip': ['4 wrong RS_VIP', '6 wrong RS_VIP'],
    'tun-mtu': ['4 warning RS_TUNNEL_MTU', '6 warning RS_TUNNEL_MTU'],
    'tun-gre': ['4 wrong RS_TUNNEL'],
    'nat-gateway': ['4 wrong RS_GATEWAY', '6 wrong RS_GATEWAY'],
  });
});

test('doctor looks at the director: its kernel, its settings, its ways to servers', () => {
  type Doctor = { exitCode: number; findings: { code: string; level: string }[] };
  const { asItIs, worse } = factsOf<{ asItIs: Doctor; worse: Doctor }>(report, 'doctor');
  const bad = ({ findings }: Doctor) =>
    findings.flatMap(({ level, code }) => (level === 'ok' ? [] : [`${level} ${code}`]));
  expect([asItIs.exitCode, bad(asItIs)]).toEqual([0, ['warning DIR_CONNTRACK', 'warning DIR_NODEST']]);
  const fine = asItIs.findings.filter(({ level }) => level === 'ok').map(({ code }) => code);
  expect(fine).toEqual(
    expect.arrayContaining(['DIR_IPVS', 'DIR_SCHEDULER', 'DIR_FORWARDING', 'DIR_ROUTE', 'DIR_TUNNEL_MTU']),
  );
  expect([worse.exitCode, bad(worse)]).toEqual([
    1,
    [
      'wrong DIR_FORWARDING',
      'warning DIR_CONNTRACK',
      'warning DIR_NODEST',
      'warning DIR_REUSE',
      'warning DIR_SLOPPY',
    ],
  ]);
});

test('`remove` leaves each as it was', () => {
  const { changed, left } = factsOf<{ changed: string[]; left: string[] }>(report, 'removed');
  expect(changed).toEqual(['tun-nodev', 'tun-strict', 'tun-novip', 'tun-mtu', 'tun-gre', 'nat-gateway']);
  expect(left).toEqual([]);
});
