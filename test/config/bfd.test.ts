// `bfd_instance` and `track_bfd`: what becomes of them in the plan, and which mistakes are found.
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

const SESSION = 'neighbor_ip 10.0.0.8';
function file(session: string, tracked = 'track_bfd {\nuplink\n}') {
  const instance = `interface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n10.0.0.1\n}\n${tracked}`;
  return `bfd_instance uplink {\n${session}\n}\nvrrp_instance V {\n${instance}\n}\n`;
}
function plan(text: string) {
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }]);
  expect(diagnostics).toEqual([]);
  return planElector(configuration, 'kernel');
}
function said(text: string) {
  return readConfiguration([{ name: 'x', text }]).diagnostics.map(
    ({ code, message }) => `${code} ${message}`,
  );
}

describe('a session', () => {
  test('has keepalived’s defaults, and the instance that tracks it waits for it', () => {
    const { bfd, instances } = plan(file(SESSION));
    expect(bfd).toEqual([
      {
        name: 'uplink',
        neighbour: '10.0.0.8',
        minRxMs: 10,
        minTxMs: 10,
        idleTxMs: 1000,
        multiplier: 5,
        passive: false,
        hopLimit: 255,
        maxHops: 0,
        multihop: false,
      },
    ]);
    expect(instances[0]!.tracks).toEqual([{ kind: 'bfd', name: 'uplink', weight: 0, reverse: false }]);
  });

  test('has what is said, over IPv6 the hop limit', () => {
    const words =
      'neighbour_ip fd00::8\nsource_ip fd00::9\nmin_rx 3.5\nhoplimit 255\nttl 9\nmax_hops -1\npassive';
    expect(plan(file(`${words}\nweight 20 reverse`)).bfd![0]).toMatchObject({
      neighbour: 'fd00::8',
      source: 'fd00::9',
      minRxMs: 3.5,
      hopLimit: 255,
      maxHops: 255,
      passive: true,
    });
  });

  test.each([
    ['the weight of the list counts', 'track_bfd {\nuplink weight -5\n}', -5, false],
    ['or that of the session', 'track_bfd {\nuplink\n}', 20, true],
  ])('%s', (_, tracked, weight, reverse) => {
    const [own] = plan(file(`${SESSION}\nweight 20 reverse`, tracked)).instances;
    expect(own!.tracks).toEqual([{ kind: 'bfd', name: 'uplink', weight, reverse }]);
  });
});

describe('who hears of it', () => {
  test.each(['', 'vrrp', 'vrrp\nchecker', 'checker\nvrrp'])('%j: VRRP', (words) => {
    expect(plan(file(`${SESSION}\n${words}`)).instances[0]!.tracks).toHaveLength(1);
  });

  test('checks alone: who tracks it is told as in keepalived, and elected without it', () => {
    const text = file(`${SESSION}\nchecker`);
    expect(said(text)).toEqual(['CFG_REFERENCE uplink is for checks only']);
    const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }], { compat: true });
    expect(diagnostics[0]!.severity).toBe('ignored');
    const { bfd, instances } = planElector(configuration, 'kernel');
    expect([bfd!.length, instances[0]!.tracks]).toEqual([1, []]);
  });
});

describe('mistakes', () => {
  test.each([
    ['no neighbour', file('min_tx 5'), 'CFG_INCOMPLETE this bfd_instance has no neighbor_ip'],
    [
      'two families',
      file(`${SESSION}\nsource_ip fd00::1`),
      'CFG_CONTRADICTION the neighbour is IPv4, and fd00::1 is not',
    ],
    ['twice', `${file(SESSION)}bfd_instance uplink {\n${SESSION}\n}\n`, 'CFG_DUPLICATE'],
    ['nobody knows it', file(SESSION, 'track_bfd {\ndownlink\n}'), 'CFG_REFERENCE'],
  ])('%s', (_, text, expected) => {
    expect(said(text).join('\n')).toContain(expected);
  });
});
