// What a file says of addresses, done by our elector in one namespace and by a live keepalived 2.2.7 in
// another: the kernel shows the same, and nothing is left at the end.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DEVICE, type Ours, Pair, pause, type Side, until } from './elector-pair.ts';
import { file, planOf, routesOf, rulesOf } from './routing-tables.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const plan = (blocks: string) => planOf(file(51, blocks));
const routes = (side: Side) => routesOf(pair, side);
const rules = (side: Side) => rulesOf(pair, side);
function startOurs(blocks: string): Ours {
  return pair.elector(plan(blocks));
}

type Info = {
  local: string;
  family: string;
  preferred_life_time: number;
  valid_life_time: number;
  protocol?: string;
  deprecated?: boolean;
  tentative?: boolean;
  dadfailed?: boolean;
};

/**
 * keepalived 2.2.7 gives no lifetime to IPv4 addresses, and counts down. Link-local ones are the kernel's.
 * With duplicate address detection both sides find each other.
 */
function addresses(side: Side): object[] {
  const [device] = JSON.parse(pair.ip(side, '-d', '-j', 'addr', 'show', 'dev', DEVICE));
  return device.addr_info.flatMap((info: Info) => {
    if (/^fe80:|^10\.1\.0\.[12]$/.test(info.local)) return [];
    const { preferred_life_time: seconds, valid_life_time: _, protocol: __, deprecated, ...rest } = info;
    const { tentative: ___, dadfailed: ____, ...shown } = rest;
    if (info.family === 'inet') return [shown];
    return [{ ...shown, deprecated, isLong: seconds > 1000, isShort: seconds > 0 && seconds < 1000 }];
  });
}
const byAddress = (all: object[]) => all.map((one) => JSON.stringify(one)).sort();

const EVERY_OPTION = `virtual_ipaddress {
    10.9.0.50
    10.9.1.50/24
    10.9.2.50/24 brd +
    10.9.3.50/24 brd -
    10.9.4.50/24 broadcast 10.9.4.200
    10.9.5.50 peer 10.9.5.51
    10.9.6.50/24 label ${DEVICE}:1
    10.9.7.50/24 scope link
    10.9.8.50/24 noprefixroute
    10.9.9.50/24 dev ${DEVICE} no_track
    10.9.10.50/24 preferred_lft forever
    10.9.11.50/24 home mngtmpaddr
    239.1.1.1/32 autojoin
  }
  virtual_ipaddress_excluded {
    fd00::1
    fd00:1::1/64 preferred_lft forever
    fd00:2::1/64 home preferred_lft forever
    fd00:3::1/64 mngtmpaddr preferred_lft forever
    fd00:4::1/64 noprefixroute preferred_lft forever
    fd00:5::1/64 preferred_lft 100
    fd00:6::1/64 preferred_lft 0
    fd00:7::1/128 preferred_lft forever
    fd00:8::1/64 -nodad preferred_lft forever
    fd00:9::1 peer fd00:9::2
  }
`;

/** Ours are no source unless the file says so: `preferred_lft forever` where keepalived would not need it. */
test('every option of an address', async () => {
  const ours = startOurs(EVERY_OPTION);
  const theirs = pair.keepalivedWith(file(52, EVERY_OPTION));
  await theirs.says('Entering MASTER STATE');
  await ours.is('MASTER');
  await until('every address', () => addresses('b').length >= 23 && addresses('a').length >= 23);
  expect(byAddress(addresses('a'))).toEqual(byAddress(addresses('b')));
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(addresses('a')).toEqual([]);
});

test('promote_secondaries: an address that goes leaves the others of its subnet', async () => {
  const sysctl = () => pair.read('a', `/proc/sys/net/ipv4/conf/${DEVICE}/promote_secondaries`);
  const before = sysctl();
  const addresses = (own: string) => `promote_secondaries\nvirtual_ipaddress {\n${own}10.9.1.51/24\n}\n`;
  const ours = startOurs(addresses('10.9.1.50/24\n'));
  await ours.is('MASTER');
  await until('the second address', () => pair.has('a', '10.9.1.51'));
  expect(sysctl()).toBe('1');
  pair.ip('a', 'addr', 'del', '10.9.1.50/24', 'dev', DEVICE);
  expect(pair.has('a', '10.9.1.51')).toBe(true);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(sysctl()).toBe(before);
});

const ROUTES = `virtual_ipaddress {
    10.9.1.50/24
  }
  virtual_ipaddress_excluded {
    fd00:1::1/64
  }
  virtual_routes {
    10.20.0.0/16 via 10.9.1.1
    10.21.0.0/16 via 10.9.1.1 dev ${DEVICE}
    10.31.0.0/16 dev ${DEVICE}
    10.22.0.0/16 via 10.9.1.1 src 10.9.1.50 metric 7
    src 10.9.1.50 to 10.23.0.0/16 gw 10.9.1.1 oif ${DEVICE} table 100
    10.24.0.0/16 via 10.99.0.1 dev ${DEVICE} onlink table 1000
    10.25.0.0/16 dev ${DEVICE} scope link
    10.26.0.0/16 dev ${DEVICE} scope 253 priority 9 no_track
    default via 10.9.1.1 table 101
    blackhole 10.27.0.0/16
    unreachable 10.28.0.0/16
    prohibit 10.29.0.0/16 table main
    throw 10.30.0.0/16 table 102
    fd20::/32 via fd00:1::2
    fd21::/32 dev ${DEVICE} metric 50
    default6 via fd00:1::2 dev ${DEVICE} table 101
    blackhole fd22::/32
    10.40.0.0/16 via 10.9.1.1 mtu lock 1400 advmss 1300 window 1000 rtt 400ms rttvar lock 0.3s
    10.41.0.0/16 via 10.9.1.1 features ecn initcwnd 10 initrwnd 8 congctl lock cubic quickack 1 hoplimit 7
    10.42.0.0/16 via 10.9.1.1 rto_min 1s reordering lock 3 cwnd 10 ssthresh 9 fastopen_no_cookie 1
    10.43.0.0/16 dev ${DEVICE} rto_min 10 rtt lock 5000 rttvar 100
    10.44.0.0/16 dev ${DEVICE} realms 3/4 tos 4
    10.45.0.0/16 dev ${DEVICE} realms 4 ttl-propagate enabled protocol 18
    10.46.0.0/16 nexthop via 10.9.1.1 realms 5 weight 256 nexthop via 10.9.1.2 onlink dev ${DEVICE}
    10.47.0.0/16 via 10.9.1.1 dev ${DEVICE}
    10.47.0.0/16 via 10.9.1.2 dev ${DEVICE} append
    10.47.0.0/16 via 10.9.1.3 dev ${DEVICE} prepend
    10.47.0.0/16 via 10.9.1.4 dev ${DEVICE}
    10.48.0.0/16 dev ${DEVICE} encap ip id 5 dst 10.0.0.9 src 10.0.0.1 tos 4 ttl 64 flags 0
    multicast 224.5.0.0/24 dev ${DEVICE}
    10.55.0.0/16 via 10.9.1.1 or 10.9.1.2
    10.56.0.0/16 dev ${DEVICE} table default realms cosmos tos AF11 scope link
    10.57.0.0/16 dev ${DEVICE} as to 10.1.1.1
    fd23::/32 dev ${DEVICE} pref high
    fd24::/32 dev ${DEVICE} pref low from fd06::/64
    fd25::/32 no_track nexthop via fd00:1::2 dev ${DEVICE} nexthop via fd00:1::3 dev ${DEVICE} weight 3
    fd26::/32 via fd00:1::2 dev ${DEVICE} mtu 1400 hoplimit 9 table 1000
    fd27::/32 encap ip6 id 5 dst fd00::9 src fd00::1 tc 4 hoplimit 64 dev ${DEVICE}
    local fd28::/64 dev ${DEVICE}
    fd2a::/32 nexthop via fd00:1::2 dev ${DEVICE} nexthop via fd00:1::3 dev ${DEVICE} weight 3
  }
`;
test('virtual routes', async () => {
  const ours = startOurs(ROUTES);
  const theirs = pair.keepalivedWith(file(52, ROUTES));
  await theirs.says('Entering MASTER STATE');
  await ours.is('MASTER');
  const count = ROUTES.split('virtual_routes {')[1]!.trim().split('\n').length - 1;
  await until('every route', () => routes('a').length >= count && routes('b').length >= count, 3000).catch(
    () => undefined,
  );
  expect(routes('a')).toEqual(routes('b'));
  expect(routes('a')).toHaveLength(count);
  pair.ip('a', 'route', 'del', '10.20.0.0/16');
  await until('the notice', () => ours.notices.some((text) => text.includes('put back')));
  expect(routes('a')).toHaveLength(count);
  const hops = () => /fd2a.*weight":1.*weight":3/.test(routes('a').join('\n'));
  expect(hops()).toBe(true);
  pair.ip('a', '-6', 'route', 'del', 'fd2a::/32', 'via', 'fd00:1::3', 'dev', DEVICE);
  expect(hops()).toBe(false);
  await until('the lost next hop', hops);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(routes('a')).toEqual([]);
});

test('routes that keepalived 2.2.7 cannot have, and one that the kernel refuses', async () => {
  const blocks = ROUTES.replace(
    /virtual_routes \{[^}]*/,
    `virtual_routes {
      10.50.0.0/16 via inet6 fd00:1::2 dev ${DEVICE}
      10.51.0.0/16 nexthop via fd00:1::2 dev ${DEVICE} nexthop via fd00:1::3 dev ${DEVICE}
      local 10.52.0.0/16 dev ${DEVICE}
      broadcast 10.53.0.0/24 dev ${DEVICE}
      fd29::/32 dev ${DEVICE} expires 100
      10.54.0.0/16 via 10.99.9.9
    `,
  );
  const ours = startOurs(blocks);
  await ours.is('MASTER');
  await until('every route', () => routes('a').length === 5);
  const about = (what: string) => routes('a').find((route) => route.includes(what));
  expect(about('10.50.0.0/16')).toContain('"via":{"family":"inet6","host":"fd00:1::2"}');
  expect(about('10.52.0.0/16')).toContain('"type":"local"');
  const failures = () => ours.notices.filter((text) => text.includes('10.54.0.0/16'));
  await until('the failure', () => failures().length > 0);
  await pause(2500); // it is tried again, and not told again
  expect(failures()).toEqual([expect.stringContaining('Nexthop has invalid gateway')]);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(routes('a')).toEqual([]);
});

const RULES = `virtual_ipaddress {
    10.9.1.50/24
  }
  virtual_rules {
    from 10.5.0.0/24 table 100 preference 100
    from 10.5.1.0/24 table 100
    from 10.5.2.0/24 to 10.6.0.1 lookup 300
    from fd05:1::/64 table 100
    fwmark 5/0xff table 100 preference 102
    not fwmark 0x7 table main preference 103
    from fd05::/64 to fd06::/64 table 300 priority 110
    from all table 4294967295 order 120
    from default table 100 preference 121
    from ::/0 iif ${DEVICE} table 100 preference 121
    from 10.5.9.0/24 goto 120 preference 105
    from 10.5.9.0/24 goto 9000 preference 104
    from 10.5.9.0/24 nop preference 106
    blackhole from 10.5.9.0/24 preference 107
    from 10.5.9.0/24 prohibit preference 108
    from fd05::/64 type unreachable preference 108
    l3mdev preference 109
    iif ${DEVICE} oif lo table 100 preference 130
    dev ${DEVICE} table 100 preference 131
    oif ${DEVICE} to 10.5.0.0/24 table 100 preference 132
    tunnel-id 5 table 100 preference 133
    uidrange 1000-2000 table 100 preference 134
    from all ipproto UDP dport 80-90 sport 10-20 table 100 preference 135
    from all ipproto sctp dport 80-80 table 100 preference 136
    from 10.5.0.0/24 table 100 suppress_prefixlength 8 suppress_ifgroup 5 preference 137
    from fd05::/64 table 100 sup_pl 128 sup_group 6 preference 137
    from 10.5.0.0/24 realms 5/6 table 100 preference 138
    from 10.5.0.0/24 realms 5 table 100 preference 139
    from 10.5.0.0/24 suppress_ifgroup default table 100 preference 142
    from 10.5.0.0/24 tos 0x10 table local preference 140
    to 10.5.0.0/24 table default preference 141 protocol 12 no_track
  }
`;
/** 2.2.7 loses the upper half of a tunnel's id and an ipproto that is a number: ours are right. */
test('virtual rules', async () => {
  const ours = startOurs(RULES);
  const theirs = pair.keepalivedWith(file(52, RULES));
  await theirs.says('Entering MASTER STATE');
  await ours.is('MASTER');
  const count = RULES.split('virtual_rules {')[1]!.trim().split('\n').length - 1;
  const areThere = () => rules('a').length >= count && rules('b').length >= count;
  await until('every rule', areThere, 3000).catch(() => undefined);
  expect(rules('a')).toEqual(rules('b'));
  expect(rules('a')).toHaveLength(count);
  pair.ip('a', 'rule', 'del', 'pref', '100');
  pair.ip('a', 'rule', 'del', 'pref', '141');
  await until('the notice', () => ours.notices.some((text) => text.includes('put back')));
  expect(rules('a')).toHaveLength(count - 1);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(rules('a')).toEqual([]);
});

test('a reload takes away the rules that are gone, and no others', async () => {
  const of = (entries: string) => `virtual_ipaddress {\n10.9.1.50/24\n}\nvirtual_rules {\n${entries}}\n`;
  const [one, two] = [
    'from 10.5.0.0/24 table 100 priority 100\n',
    'from 10.6.0.0/24 table 100 priority 101\n',
  ];
  const ours = startOurs(of(one + two));
  await ours.is('MASTER');
  await until('both rules', () => rules('a').length === 2);
  ours.send({ type: 'configure', settings: plan(of(two)) });
  await until('the other rule to go', () => rules('a').length === 1);
  expect(rules('a')[0]).toContain('10.6.0.0');
  const changes = () => ours.notices.filter((text) => text.startsWith('rule '));
  await until('the word of it', () => changes().length >= 3);
  expect(changes().map((text) => text.slice(text.lastIndexOf(' ') + 1))).toEqual([
    'added',
    'added',
    'removed',
  ]);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(rules('a')).toEqual([]);
});

test('a guardian removes the routes and rules that a killed director left', async () => {
  const [, entries] = RULES.split('virtual_rules {');
  const own = { ...plan(`${ROUTES}virtual_rules {${entries}`), leaseSeconds: 60 };
  const ours = pair.elector(own);
  await ours.is('MASTER');
  await until('the rules', () => routes('a').length > 10 && rules('a').length > 10);
  ours.kill();
  pair.guardian(own, []);
  expect(routes('a')).toEqual([]);
  expect(rules('a')).toEqual([]);
});
