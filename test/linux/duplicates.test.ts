// Who has an address before a director is MASTER, against the real kernel and the real keepalived: a host
// that has it is told with its MAC, the present master is not, and nothing waits for either.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Notice } from '../../src/core/events.ts';
import type { ElectorReport } from '../../src/vrrp/settings.ts';
import { DEVICE, type Ours, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const SIX = 'fd00:10::100';
const HOST = 'host0';

let pair: Pair;
beforeAll(async () => {
  pair = new Pair();
  await until('the end of duplicate address detection', () =>
    (['a', 'b'] as const).every((side) =>
      pair.ip(side, '-6', 'addr', 'show', 'dev', DEVICE, 'scope', 'link', '-tentative').includes('fe80:'),
    ),
  );
  pair.ip('b', 'link', 'add', HOST, 'link', DEVICE, 'type', 'macvlan', 'mode', 'private');
  pair.ip('b', 'link', 'set', HOST, 'up');
  // Neither answers for the other, as if the host were another machine.
  for (const name of [DEVICE, HOST])
    await pair.output('b', ['sh', '-c', `echo 1 > /proc/sys/net/ipv4/conf/${name}/arp_ignore`]);
});
afterEach(async () => {
  await pair.clear();
  pair.ip('b', 'addr', 'flush', 'dev', HOST, 'scope', 'global');
  if (pair.ip('b', '-br', 'link').includes('vrrp.51')) pair.ip('b', 'link', 'del', 'vrrp.51');
});
afterAll(() => pair.remove());

const hostMac = () => pair.read('b', `/sys/class/net/${HOST}/address`);
const duplicates = (ours: Ours): Notice[] =>
  ours.reports.flatMap((report) =>
    report.type === 'notice' && report.notice.event === 'vip.duplicate' ? [report.notice] : [],
  );
function vip(text: string) {
  return { address: address(text), prefixLength: text.includes(':') ? 64 : 24, interface: DEVICE, scope: 0 };
}
const own = {
  '4': { priority: 90 },
  '6': { priority: 90, vips: [vip('fe80::51'), vip(SIX)], multicastGroup: address('ff02::12') },
};
const theirs = (family: '4' | '6', words: string) => {
  const vips = family === '4' ? `${VIP}/24` : `fe80::51/64\n${SIX}/64`;
  const native = family === '4' ? '' : 'native_ipv6\n';
  return pair.keepalivedWith(
    `global_defs {\nvrrp_version 3\n}\nvrrp_instance K {\nstate BACKUP\ninterface ${DEVICE}\n` +
      `virtual_router_id 51\npriority 100\nadvert_int 0.1\n${native}${words}\n` +
      `virtual_ipaddress {\n${vips}\n}\n}\n`,
  );
};

describe.each(['4', '6'] as const)('over IPv%s, a keepalived is MASTER', (family) => {
  test.each(['', 'use_vmac', 'use_vmac\nvmac_xmit_base'])(
    'nobody else: nothing is told (%j)',
    async (words) => {
      await theirs(family, words).says('Entering MASTER STATE');
      const capture = await pair.capture('arp or icmp6');
      const ours = pair.elector(settings(own[family]));
      await ours.is('BACKUP');
      await pause(3500);
      const held = family === '4' ? VIP : SIX;
      expect(
        capture.matching(new RegExp(`(who-has|who has) ${held}(,| tell 0.0.0.0)`)).length,
      ).toBeGreaterThanOrEqual(3);
      expect(
        capture.matching(new RegExp(`(is-at|advertisement, tgt is ${held})`)).length,
      ).toBeGreaterThanOrEqual(3);
      expect(duplicates(ours)).toEqual([]);
      expect(ours.states).toEqual(['BACKUP']);
    },
  );

  test('a host has an address as well: told once, and counted', async () => {
    const keepalived = theirs(family, '');
    await keepalived.says('Entering MASTER STATE');
    const held = family === '4' ? `${VIP}/24` : `${SIX}/64`;
    pair.ip('b', 'addr', 'add', held, 'dev', HOST, 'nodad');
    const ours = pair.elector(settings(own[family]));
    await ours.is('BACKUP');
    const { fields, message } = await until('the warning', () => duplicates(ours)[0]);
    expect(fields).toMatchObject({ vip: held.split('/')[0], mac: hostMac(), interface: DEVICE });
    expect(message).toContain('not the master that is heard');
    await pause(3000);
    expect(duplicates(ours)).toHaveLength(1);
    ours.send({ type: 'snapshot', id: 7 });
    const snapshot = await until('what it counted', () => ours.reports.find(isSnapshot));
    expect(snapshot.instances[0]!.counters).toMatchObject({ duplicateAddresses: 1 });
  });
});

test('nobody is heard, but somebody has it: told before we are MASTER, which is no later', async () => {
  const alone = pair.elector(settings());
  await alone.is('MASTER');
  const withoutMs = waited(alone);
  await pair.clear();
  pair.ip('b', 'addr', 'add', `${VIP}/24`, 'dev', HOST);
  const ours = pair.elector(settings());
  await ours.is('MASTER');
  const [warning] = duplicates(ours);
  expect(warning?.fields).toMatchObject({ vip: VIP, mac: hostMac() });
  expect(warning?.message).toContain('no master is heard');
  const at = (find: (report: ElectorReport) => boolean) => ours.reports.findIndex(find);
  const toldAt = at((report) => report.type === 'notice' && report.notice.event === 'vip.duplicate');
  expect(toldAt).toBeLessThan(at((report) => report.type === 'state' && report.to === 'MASTER'));
  expect(waited(ours) - withoutMs).toBeLessThan(10);
});

function waited({ reports }: Ours): number {
  const moments = reports.flatMap((report) => (report.type === 'state' ? [report.atMs] : []));
  return moments[1]! - moments[0]!;
}
function isSnapshot(report: ElectorReport): report is ElectorReport & { type: 'snapshot' } {
  return report.type === 'snapshot';
}
