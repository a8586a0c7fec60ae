// Services by firewall mark: whose a packet is before anybody looks at its address, which server and port it
// gets, what persistence makes of it, and what the peer is told and makes of it.
import { describe, expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import { showConnections } from '../../../src/ipvs/embedded/shown.ts';
import { adoptConnection } from '../../../src/ipvs/embedded/synced.ts';
import type { MarkSelector, Server, ServiceSettings } from '../../../src/ipvs/model.ts';
import { frame, type Segment } from './frames.ts';
import { CLIENT, head, INNER_VIP, server, told, VIP, type World } from './world.ts';
import { CLIENT6, GATEWAY6, head6, IP, SERVER6, server6, VIP6, VIRTUAL_MAC6, World6 } from './world6.ts';

const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const MARK = 7;
/** Beyond 31 bits: the engine's numbers are signed. */
const HIGH = 0xfffffff7;
/** No address of the director's. */
const ELSEWHERE = '10.0.0.55';

type Extra = Partial<MarkSelector & ServiceSettings>;
function marked(extra: Extra = {}): MarkSelector & ServiceSettings {
  const { protocol: _protocol, address: _address, port: _port, ...settings } = head();
  const prefix = extra.family === 6 ? { persistencePrefix: 128 } : {};
  return { mark: MARK, family: 4, ...settings, ...prefix, ...extra };
}
function world(extra: Extra = {}, servers: readonly Server[] = [server(21), server(22)]): World {
  return new World6([[marked(extra), servers]]).own().meet(CLIENT, '10.1.0.21', '10.1.0.22', ELSEWHERE);
}
const toVip: Segment = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80, flags: SYN };
const toVip6: Segment = { ...toVip, from: CLIENT6, to: VIP6, destinationMac: VIRTUAL_MAC6 };
const counters = (of: World) => [...of.engine.sessions.services.readCounters().values()];
const shown = (of: World) =>
  showConnections(of.engine.sessions.connections, 0).connections.map(
    ({ protocol, client, clientPort, virtual, virtualPort, destination, destinationPort }) =>
      `${protocol} ${client}:${clientPort} ${virtual}:${virtualPort} ${destination}:${destinationPort}`,
  );

describe('whose a packet is', () => {
  test.each([MARK, HIGH])('mark %i goes before the address', (mark) => {
    const of = world({ mark }, [server(21, { port: 0 })]);
    of.add(head(), [server(22)]);
    expect(of.pass('outer', toVip, mark | 0)).toMatchObject({ to: '10.1.0.21', toPort: 80 });
    expect(of.pass('outer', { ...toVip, fromPort: 2 })).toMatchObject({ to: '10.1.0.22', toPort: 8080 });
    expect(of.pass('outer', { ...toVip, fromPort: 3 }, 8)).toMatchObject({ to: '10.1.0.22' });
    expect(counters(of).map(({ connections }) => connections)).toEqual([1n, 2n]);
  });

  test('a service by mark is of one family', () => {
    const of = world({}, [server(21)]).meet(CLIENT6, SERVER6);
    expect(of.pass('outer', toVip6, MARK)).not.toMatchObject({ to: SERVER6 });
    of.add(marked({ family: 6 }), [server6(21)]);
    expect(of.pass('outer', toVip6, MARK)).toMatchObject({ to: SERVER6, toPort: 8080, checksumsRight: true });
    expect(of.pass('outer', toVip, MARK)).toMatchObject({ to: '10.1.0.21', toPort: 8080 });
    expect([...of.engine.sessions.services.readTable().keys()]).toEqual(['FWM 7', 'FWM 7 IPv6']);
  });

  test('of every protocol, at every port, of addresses that are nobody’s here, and back from there', () => {
    const of = world({}, [server(21, { port: 0 })]);
    const tries: Segment[] = [
      { ...toVip, to: ELSEWHERE, toPort: 443 },
      { ...toVip, to: INNER_VIP, toPort: 1 },
      { ...toVip, protocol: 'UDP', to: ELSEWHERE, toPort: 53 },
      { ...toVip, protocol: 'SCTP', toPort: 9, chunks: [1] },
    ];
    for (const segment of tries) {
      const { toPort } = segment;
      expect(of.pass('outer', segment, MARK)).toMatchObject({
        to: '10.1.0.21',
        toPort,
        checksumsRight: true,
      });
      const back: Segment = { ...segment, from: '10.1.0.21', fromPort: toPort, to: CLIENT, toPort: 1025 };
      const answer = of.pass('inner', { ...back, flags: SYN | ACK, chunks: [2] });
      expect(answer).toMatchObject({ from: segment.to, fromPort: toPort, checksumsRight: true });
    }
    expect(of.engine.sessions.connections.fwmark(1)).toBe(MARK);
  });

  test('what no connection may begin with passes by where it is not for us, and is reset where it is', () => {
    const of = world();
    const elsewhere = of.pass('outer', { ...toVip, to: ELSEWHERE, flags: ACK }, MARK);
    expect(elsewhere).toMatchObject({ to: ELSEWHERE, ttl: 63 });
    expect(of.pass('outer', { ...toVip, flags: ACK }, MARK)).toMatchObject({ from: VIP, flags: RST });
    expect(of.engine.sessions.connections.count).toBe(0);
    of.engine.sessions.conduct.sloppy_tcp = 1;
    expect(of.pass('outer', { ...toVip, to: ELSEWHERE, flags: ACK }, MARK)).toMatchObject({
      to: '10.1.0.22',
    });
  });

  test('to the machine’s own MAC it is the kernel’s', () => {
    const segment = { ...toVip, destinationMac: '02:00:00:00:00:01' };
    expect(world().pass('outer', segment, MARK)).toBeUndefined();
  });

  test('a known connection goes on with another mark, or none', () => {
    const of = world();
    const first = of.pass('outer', toVip, MARK)?.to;
    for (const mark of [0, MARK, 9]) expect(of.pass('outer', { ...toVip, flags: ACK }, mark)?.to).toBe(first);
    expect(of.engine.sessions.connections.count).toBe(1);
  });

  test('without its service it is as without a mark', () => {
    const of = world();
    expect(of.engine.sessions.services.hasMarks).toBe(true);
    of.engine.sessions.services.apply({ do: 'delService', service: marked(), key: 'FWM 7' });
    expect(of.engine.sessions.services.hasMarks).toBe(false);
    expect(of.pass('outer', { ...toVip, to: ELSEWHERE }, MARK)).toMatchObject({ to: ELSEWHERE });
    expect(of.pass('outer', toVip, MARK)).toMatchObject({ from: VIP, flags: RST | ACK });
  });
});

describe('the server', () => {
  test('port: its own, or the packet’s', () => {
    const of = world({}, [server(21, { port: 0 }), server(22, { port: 8080 })]);
    expect(of.pass('outer', { ...toVip, toPort: 443 }, MARK)).toMatchObject({
      to: '10.1.0.22',
      toPort: 8080,
    });
    const next = of.pass('outer', { ...toVip, fromPort: 2, toPort: 443 }, MARK);
    expect(next).toMatchObject({ to: '10.1.0.21', toPort: 443 });
  });

  test('by DR the packet stays as it is', () => {
    const of = world({}, [server(21, { forwarding: 'DR', port: 0 })]);
    const sent = of.pass('outer', { ...toVip, to: ELSEWHERE, toPort: 443 }, MARK);
    expect(sent).toMatchObject({ on: 'inner', to: ELSEWHERE, toPort: 443, ttl: 63 });
    expect(shown(of)).toEqual([`TCP ${CLIENT}:1025 ${ELSEWHERE}:443 10.1.0.21:443`]);
  });

  test.each([
    ['of its family', server(21, { forwarding: 'TUN', port: 0 }), 0x0800],
    ['of the other', server6(21, { forwarding: 'TUN', port: 0 }), 0x86dd],
  ])('through a tunnel to one %s', (_family, one, type) => {
    const of = world({}, [one]).meet(SERVER6);
    const [sent] = of.receive('outer', frame({ ...toVip, to: ELSEWHERE }), MARK);
    expect([sent!.on, sent!.bytes.readUInt16BE(IP - 2)]).toEqual(['inner', type]);
  });

  test('none: port unreachable', () => {
    const of = world({}, []);
    expect(of.receive('outer', frame(toVip), MARK)).toHaveLength(1);
    expect(of.engine.drops.read()).toMatchObject({ 'no-server': 1 });
  });

  test('one of the other family only by a tunnel', () => {
    const { services } = world().engine.sessions;
    const add = (one: Server) => services.apply({ do: 'addServer', service: marked(), server: one });
    expect(add(server6(21))).toBe('EINVAL');
    expect(add(server6(21, { forwarding: 'TUN' }))).toBeUndefined();
  });
});

describe('persistence', () => {
  test('one client has one server, at all addresses and ports, of all protocols', () => {
    const of = world({ persistenceSeconds: 50 }, [server(21, { port: 0 }), server(22, { port: 0 })]);
    const first = of.pass('outer', toVip, MARK)?.to;
    const others: Segment[] = [
      { ...toVip, fromPort: 2, toPort: 443 },
      { ...toVip, fromPort: 3, to: ELSEWHERE },
      { ...toVip, fromPort: 4, protocol: 'UDP', to: INNER_VIP, toPort: 53 },
    ];
    for (const one of others) expect(of.pass('outer', one, MARK)?.to).toBe(first);
    expect(of.pass('outer', { ...toVip, from: '10.0.0.77' }, MARK)?.to).not.toBe(first);
    expect(shown(of)[0]).toBe(`IP ${CLIENT}:0 0.0.0.7:0 ${first}:0`);
  });

  test('the port of its packets stays as it is, whatever the server’s (ip_vs_sched_persist)', () => {
    const of = world({ persistenceSeconds: 50 }, [server(21, { port: 8080 })]);
    expect(of.pass('outer', { ...toVip, toPort: 443 }, MARK)).toMatchObject({ toPort: 443 });
  });

  test('over IPv6, by network', () => {
    const settings = { family: 6, mark: HIGH, persistenceSeconds: 50, persistencePrefix: 64 } as const;
    const of = world(settings, [server6(21, { port: 0 }), server6(22, { port: 0 })]);
    of.meet(CLIENT6, SERVER6, '2001:db8:1::22');
    const first = of.pass('outer', toVip6, HIGH | 0)?.to;
    const same = of.pass('outer', { ...toVip6, from: '2001:db8::11', toPort: 443 }, HIGH | 0);
    expect(same?.to).toBe(first);
    expect(shown(of)[0]).toBe(`IP 2001:db8:::0 ffff:fff7:::0 ${first}:0`);
  });
});

describe('the peer', () => {
  const settings = { persistenceSeconds: 50 };
  const pairOf = () => [0, 1].map(() => world(settings, [server(21, { port: 0 }), server(22, { port: 0 })]));

  test('gets the mark with the connection and its template, and so their server', () => {
    const [first, second] = pairOf() as [World, World];
    second.pass('outer', { ...toVip, from: '10.0.0.99' }, MARK); // its turn is elsewhere now
    const chosen = first.pass('outer', { ...toVip, to: ELSEWHERE }, MARK)?.to;
    first.pass('outer', { ...toVip, to: ELSEWHERE, flags: ACK });
    const entries = told(first);
    expect(entries).toMatchObject([
      { protocol: 0, fwmark: MARK, virtual: MARK, virtualPort: 0, clientPort: 0 },
      { protocol: 6, fwmark: MARK, virtualPort: 80, serverPort: 80 },
    ]);
    for (const entry of entries) expect(adoptConnection(second.engine.sessions, entry)).toBe('created');
    const [{ servers }] = counters(second) as [ReturnType<typeof counters>[number]];
    expect(servers.get(`${chosen}:0`)).toMatchObject({ activeConnections: 2, persistentConnections: 2 });
    expect(second.pass('outer', { ...toVip, to: ELSEWHERE, flags: ACK })?.to).toBe(chosen);
    for (let fromPort = 1; fromPort <= 3; fromPort++)
      expect(second.pass('outer', { ...toVip, fromPort }, MARK)?.to).toBe(chosen);
  });

  test('binds it when the service comes later, and never to a service at its address', () => {
    const [first] = pairOf() as [World, World];
    const second = new World6([[head(), [server(21, { port: 80 })]]]).own().meet('10.1.0.22', CLIENT);
    expect(first.pass('outer', toVip, MARK)?.to).toBe('10.1.0.22');
    first.pass('outer', { ...toVip, flags: ACK });
    for (const entry of told(first)) adoptConnection(second.engine.sessions, entry);
    expect(second.pass('outer', { ...toVip, flags: ACK })?.to).toBe('10.1.0.22');
    second.add(marked(settings), [server(22, { port: 0 })]);
    second.pass('outer', { ...toVip, flags: ACK });
    expect(counters(second).map(({ inPackets }) => inPackets)).toEqual([0n, 1n]);
  });
});

test('without marks nobody asks for them', () => {
  const of = new World6([[head(), [server(21)]]]).own().meet(CLIENT, '10.1.0.21', GATEWAY6);
  of.add(head6(), [server6(21)]);
  expect(of.engine.sessions.services.hasMarks).toBe(false);
  expect(address(VIP)).toBe(head().address);
});

describe('marks that the engine gives itself', () => {
  const own = (mark: number, port: number) => ({
    family: 4 as const,
    protocol: 'TCP' as const,
    boxes: [{ first: address(VIP), last: address(VIP), lowPort: port, highPort: port, mark }],
  });
  const give = (of: World, ...maps: ReturnType<typeof own>[]) =>
    of.engine.sessions.services.givenMarks.set(maps);

  test.each([MARK, HIGH])('%i goes before the address and before a mark that the frame has', (mark) => {
    const of = world({ mark }, [server(21, { port: 0 })]);
    of.add(head(), [server(22)]);
    give(of, own(mark, 80));
    expect(of.pass('outer', toVip)).toMatchObject({ to: '10.1.0.21', toPort: 80 });
    expect(of.pass('outer', { ...toVip, fromPort: 2 }, 99)).toMatchObject({ to: '10.1.0.21' });
    give(of);
    expect(of.pass('outer', { ...toVip, fromPort: 3 })).toMatchObject({ to: '10.1.0.22', toPort: 8080 });
  });

  test('only of its ports, and of addresses that are ours', () => {
    const of = world({}, [server(21, { port: 0 })]);
    const [box] = own(MARK, 80).boxes;
    const elsewhere = { ...box!, first: address(ELSEWHERE), last: address(ELSEWHERE) };
    give(of, { ...own(MARK, 80), boxes: [elsewhere, box!] });
    expect(of.pass('outer', { ...toVip, toPort: 81 })).not.toMatchObject({ to: '10.1.0.21' });
    expect(of.pass('outer', { ...toVip, to: ELSEWHERE })).not.toMatchObject({ to: '10.1.0.21' });
    expect(of.pass('outer', toVip)).toMatchObject({ to: '10.1.0.21' });
  });

  test('need no socket that tells marks; others do', () => {
    const of = world();
    expect(of.engine.sessions.services.hasMarks).toBe(true);
    give(of, own(MARK, 80));
    expect(of.engine.sessions.services.hasMarks).toBe(false);
    of.add(marked({ mark: 8 }), [server(22)]);
    expect(of.engine.sessions.services.hasMarks).toBe(true);
  });
});
