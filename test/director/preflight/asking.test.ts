// Packets that ask real servers, and what answers say: the codec against its own checksums and against
// damage, and the conclusions that the lab's machines do not bring about.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, address } from '../../../src/core/address.ts';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { type Answers, type Case, casesOf, type Way } from '../../../src/director/preflight/asking.ts';
import { conclude, type Link } from '../../../src/director/preflight/concluding.ts';
import type { Duty } from '../../../src/director/preflight/duties.ts';
import {
  type Answer,
  echoRequest,
  frameOf,
  type Heard,
  readAnswer,
  tcpSyn,
  udpDatagram,
} from '../../../src/director/preflight/wire.ts';
import { wrap } from '../../../src/director/preflight/wrapping.ts';
import { duty, SERVER, VIP } from './hosts.ts';

const DIRECTOR = address('10.0.0.11');
const SERVER_MAC = '02:00:00:00:00:21';
const OTHER_MAC = '02:00:00:00:00:99';
const mac = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
const ends4 = { source: DIRECTOR, destination: VIP };
const ends6 = { source: address('fd00::11'), destination: address('fd00::50') };

/** By the pseudo-header of either family a right segment adds up to zero. */
function sumOf(packet: Buffer): number {
  const isSix = packet[0]! >> 4 === 6;
  const header = isSix ? 40 : 20;
  const payload = packet.subarray(header);
  const protocol = isSix ? packet[6]! : packet[9]!;
  if (!isSix && protocol === 1) return internetChecksum(payload);
  const addresses = isSix ? packet.subarray(8, 40) : packet.subarray(12, 20);
  const tail = Buffer.from([payload.length >> 8, payload.length & 0xff, 0, protocol]);
  return internetChecksum(addresses, tail, payload);
}

describe('packets', () => {
  test.each([ends4, ends6])('add up: %o', (ends) => {
    const ports = { from: 20_000, to: 80 };
    const packets = [
      echoRequest(ends, 7),
      echoRequest(ends, 7, 1500),
      tcpSyn(ends, ports, 1, 1460),
      udpDatagram(ends, ports),
    ];
    for (const packet of packets) {
      expect(sumOf(packet)).toBe(0);
      if (packet[0]! >> 4 === 4) expect(internetChecksum(packet.subarray(0, 20))).toBe(0);
    }
    expect(packets[1]!.length).toBe(1500);
  });

  test('GRE with a checksum adds up, GUE says what is in it', () => {
    const inner = echoRequest(ends4, 7);
    const gre = wrap(inner, VIP, { type: 'gre', checksum: 'csum' });
    expect([gre.by, internetChecksum(gre.payload), gre.payload.readUInt32BE(0)]).toEqual([
      { protocol: 47 },
      0,
      0x80000800,
    ]);
    const gue = wrap(inner, VIP, { type: 'gue', port: 6080, checksum: 'none' });
    expect([gue.by, gue.payload.subarray(0, 4).toString('hex')]).toEqual([{ port: 6080 }, '00040000']);
    expect(wrap(inner, VIP, undefined)).toEqual({ by: { protocol: 4 }, payload: inner });
  });

  test('an answer that is damaged, or cut off, is read or not, and never thrown at', () => {
    const frames = [
      echoRequest(ends6, 7),
      tcpSyn(ends4, { from: 1, to: 2 }, 1, 1460),
      udpDatagram(ends4, { from: 1, to: 2 }),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...frames),
        fc.nat(120),
        fc.nat(120),
        fc.nat(255),
        (packet, at, length, value) => {
          const frame = frameOf(packet, { from: mac(OTHER_MAC), to: mac(SERVER_MAC) });
          if (at < frame.length) frame[at] = value;
          readAnswer(frame.subarray(0, length));
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readAnswer(Buffer.from(bytes))));
  });
});

const way = (own: Partial<Way> = {}): Way => ({
  server: SERVER,
  interface: 'eth0',
  mtu: 1500,
  ownMac: mac('02:00:00:00:00:11'),
  nextMac: mac(SERVER_MAC),
  from: { server: DIRECTOR, vip4: DIRECTOR, vip6: undefined, beyond: address('10.9.0.11') },
  ...own,
});
function* counting(): Generator<number, never> {
  for (let n = 1; ; n++) yield n;
}
function caseOf(one: Duty, path = way()): Case {
  return casesOf([one], new Map([[SERVER, path]]), counting())[0]!;
}
const LINK: Link = { claims: [], known: new Set(), held: new Set(), gatewaysOf: () => [] };

/** What it asks is answered so; undefined = silence. */
function concluded(
  one: Case,
  answerOf: (
    asks: Case['questions'][number]['asks'],
    id: number,
  ) => (Partial<Heard> & { answer: Answer }) | undefined,
  link: Partial<Link> = {},
): string[] {
  const { vip, server, method } = one.duty;
  const source = method.forwarding === 'NAT' ? server : vip;
  const of = new Map(
    one.questions.flatMap(({ asks, id }): [number, Heard][] => {
      const answer = answerOf(asks, id);
      return answer === undefined
        ? []
        : [[id, { source, destination: DIRECTOR, mac: SERVER_MAC, ...answer }]];
    }),
  );
  const answers: Answers = { of, unreachable: [], refused: new Map() };
  return conclude(one, answers, { ...LINK, ...link }).flatMap(({ level, says }) =>
    level === 'ok' ? [] : [`${level} ${says}`],
  );
}
const echo = (id: number) => ({ answer: { type: 'echo', id } }) as const;

describe('conclusions', () => {
  test('a packet that somebody else answers was passed on', () => {
    const said = concluded(caseOf(duty()), (_, id) => ({ ...echo(id), mac: OTHER_MAC }));
    expect(said).toEqual([`wrong what is sent to it for ${VIP} is answered by somebody else (${OTHER_MAC})`]);
  });
  test('UDP: who is silent may listen, who refuses does not', () => {
    const udp = caseOf(duty({ protocol: 'UDP', port: 53 }));
    expect(concluded(udp, ({ what }, id) => (what === 'vip' ? echo(id) : undefined))).toEqual([]);
    const refusal = (id: number): Answer => ({
      type: 'unreachable',
      code: 3,
      to: VIP,
      protocol: 17,
      ports: { from: id, to: 53 },
    });
    expect(concluded(udp, ({ what }, id) => (what === 'port' ? { answer: refusal(id) } : echo(id)))).toEqual([
      'wrong it refuses UDP 10.0.0.50:53: nobody listens there',
    ]);
  });
  test('TCP that does not answer where pings are answered', () => {
    expect(concluded(caseOf(duty()), ({ what }, id) => (what === 'vip' ? echo(id) : undefined))).toEqual([
      'wrong it does not answer at TCP 10.0.0.50:80',
    ]);
  });
  test('DR behind a router, and a server that nobody finds', () => {
    const via = address('10.0.0.254');
    expect(concluded(caseOf(duty(), way({ via })), () => undefined)).toEqual([
      `wrong ${SERVER} is behind the router ${via}: DR needs it on a link of ours`,
    ]);
    const { nextMac: _, ...lost } = way();
    expect(concluded(caseOf(duty(), lost), () => undefined)).toEqual([
      `wrong ${SERVER} does not answer ARP on eth0`,
    ]);
  });
  test('no address of its own to ask from', () => {
    const from = { server: undefined, vip4: undefined, vip6: undefined, beyond: undefined };
    expect(concluded(caseOf(duty(), way({ from })), () => undefined)).toEqual([
      'warning no address to ask from: this director has virtual ones only',
    ]);
  });
  test('NAT: the way back is proved where the gateway is, and not on a BACKUP', () => {
    const nat = caseOf(duty({ method: { forwarding: 'NAT' } }));
    const near: Parameters<typeof concluded>[1] = ({ what }, id) =>
      what === 'server' || what === 'beyond' || what === 'portBeyond'
        ? what === 'server'
          ? echo(id)
          : undefined
        : { answer: { type: 'synAck', ports: { from: 80, to: id }, sequence: 9, acknowledged: 2 } };
    const gateway = address('10.0.0.1');
    expect(concluded(nat, near, { gatewaysOf: () => [gateway], held: new Set<Address>([gateway]) })).toEqual([
      'wrong answers to other networks do not come back: the director is not its gateway',
    ]);
    expect(concluded(nat, near, { gatewaysOf: () => [gateway] })).toEqual([
      'warning its way back is not proved: 10.0.0.1 is on another director now',
    ]);
  });
  test('the virtual address is answered for by strangers', () => {
    const claims = [OTHER_MAC, '02:00:00:00:00:98'].map((each) => ({
      interface: 'eth0',
      address: VIP,
      mac: each,
    }));
    const silent = ({ what }: { what: string }, id: number) =>
      what === 'port'
        ? { answer: { type: 'synAck', ports: { from: 80, to: id }, sequence: 9, acknowledged: 2 } as const }
        : echo(id);
    expect(concluded(caseOf(duty()), silent, { claims })).toEqual([
      `warning ${VIP} is answered for by ${OTHER_MAC}, 02:00:00:00:00:98`,
    ]);
    // One is the MASTER, when this director is not.
    expect(concluded(caseOf(duty()), silent, { claims: claims.slice(1) })).toEqual([]);
    expect(concluded(caseOf(duty()), silent, { claims: claims.slice(1), held: new Set([VIP]) })).toHaveLength(
      1,
    );
  });
});
