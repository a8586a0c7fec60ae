// A real server looked at from a director: which packets ask it, and what its answers, or their absence, say.
// Pure.
//
// DR and TUN: a packet for the virtual address goes to the server as IPVS would send it, from an address of
// the director's own that is no virtual one, so that the answer comes straight back. Whether the director
// holds the virtual address itself does not matter: its kernel drops such an answer, a packet socket sees it
// before.
//
// Silence has causes that can be told apart. Without a tunnel device the server's kernel says so by ICMP;
// behind a strict rp_filter nothing that comes out of the tunnel is taken in, not even for the server's own
// address; and who takes that in, but nothing for the virtual address, does not have it.
//
// NAT: a packet from an address of the director's in another network than the server's is answered by way of
// the server's default route. That it comes back from the server's own MAC says that the director is its
// gateway.
import { type Address, familyOf } from '../../core/address.ts';
import { type Duty, distinctBy } from './duties.ts';
import { isLocal } from './examine.ts';
import { CLIENT_MTU, fittingSegment, tunnelOverhead } from './tunnels.ts';
import { type Ends, echoRequest, frameOf, type Heard, tcpReset, tcpSyn, udpDatagram } from './wire.ts';
import { type Wrapped, wrap } from './wrapping.ts';

/** How packets get to a server, as the kernel told. */
export type Way = {
  server: Address;
  interface: string;
  mtu: number;
  /** Of that interface. */
  ownMac: Buffer;
  /** A router; undefined = the server is on the link. */
  via?: Address;
  /** Who answered for the router, or for the server. */
  nextMac?: Buffer;
  /** Addresses of the director's that are no virtual ones, by what they are for; undefined = it has none. */
  from: {
    server: Address | undefined;
    vip4: Address | undefined;
    vip6: Address | undefined;
    /** In another network than the server's. */
    beyond: Address | undefined;
  };
};

export type Send =
  | { by: 'frame'; interface: string; frame: Buffer }
  /** The kernel puts a header in front, and finds the way; without fragments. */
  | { by: 'tunnel'; from: Address; to: Address; wrapped: Wrapped };
export type Question = {
  /** Also the port that it is sent from, and the id of an echo. */
  id: number;
  asks: Asks;
  send: Send;
  /** How another packet gets there. */
  through: (packet: Buffer) => Send | undefined;
};
type Asks =
  | { what: 'vip' | 'server' | 'serverInTunnel' | 'fullSize' | 'beyond' }
  | { what: 'port' | 'portBeyond'; protocol: 'TCP' | 'UDP'; port: number };

/** One server for one virtual address. */
export type Case = { way: Way; duty: Duty; duties: readonly Duty[]; questions: readonly Question[] };
/** What came of an exchange: by the id of the question; what the kernel did not want to send, and why. */
export type Answers = {
  of: ReadonlyMap<number, Heard>;
  unreachable: readonly Heard[];
  refused: ReadonlyMap<number, string>;
};

const SEQUENCE = 1;

/** `ids` gives numbers that no other question of the same exchange has. */
export function casesOf(
  duties: readonly Duty[],
  ways: ReadonlyMap<Address, Way>,
  ids: Iterator<number>,
): Case[] {
  const keyOf = ({ server, vip, method }: Duty) => `${server} ${isLocal({ method } as Duty) ? vip : 'NAT'}`;
  return distinctBy(duties, keyOf).flatMap((duty) => {
    const way = ways.get(duty.server);
    if (way === undefined) return [];
    const own = duties.filter((other) => keyOf(other) === keyOf(duty));
    const nextId = () => ids.next().value as number;
    const questions = isLocal(duty) ? askLocal(duty, own, way, nextId) : askMasked(duty, own, way, nextId);
    return [{ way, duty, duties: own, questions }];
  });
}

function askLocal(duty: Duty, duties: readonly Duty[], way: Way, nextId: () => number): Question[] {
  const { server, vip } = duty;
  const source = familyOf(vip) === 4 ? way.from.vip4 : way.from.vip6;
  if (source === undefined) return [];
  const ends = { source, destination: vip };
  const isTunnel = duty.method.forwarding === 'TUN';
  const through = (packet: Buffer): Send | undefined =>
    isTunnel ? tunnelled(packet, duty, way) : framed(packet, way);
  const ask = (asks: Asks, make: (id: number) => Buffer, by = through): Question[] => {
    const id = nextId();
    const send = by(make(id));
    return send === undefined ? [] : [{ id, asks, send, through: by }];
  };
  const asked = [
    ...ask({ what: 'vip' }, (id) => echoRequest(ends, id)),
    ...portsOf(duties, ({ port }) => port).flatMap((one) =>
      ask({ what: 'port', ...one }, (id) => portPacket(ends, id, one, way.mtu)),
    ),
    ...askServer(server, way, nextId),
  ];
  if (!isTunnel) return asked;
  const inside = familyOf(server) === familyOf(vip) ? { source, destination: server } : undefined;
  return [
    ...asked,
    ...(inside === undefined ? [] : ask({ what: 'serverInTunnel' }, (id) => echoRequest(inside, id))),
    ...ask({ what: 'fullSize' }, (id) => echoRequest(ends, id, CLIENT_MTU)),
  ];
}

function askMasked(duty: Duty, duties: readonly Duty[], way: Way, nextId: () => number): Question[] {
  const { server } = duty;
  const ports = portsOf(duties, ({ serverPort, port }) => serverPort || port);
  const from = (source: Address | undefined, echo: 'server' | 'beyond', what: 'port' | 'portBeyond') => {
    if (source === undefined) return [];
    const ends = { source, destination: server };
    const ask = (asks: Asks, make: (id: number) => Buffer): Question[] => {
      const id = nextId();
      const through = (packet: Buffer) => framed(packet, way);
      const send = through(make(id));
      return send === undefined ? [] : [{ id, asks, send, through }];
    };
    return [
      ...ask({ what: echo }, (id) => echoRequest(ends, id)),
      ...ports.flatMap((one) => ask({ what, ...one }, (id) => portPacket(ends, id, one, way.mtu))),
    ];
  };
  return [...from(way.from.server, 'server', 'port'), ...from(way.from.beyond, 'beyond', 'portBeyond')];
}

function askServer(server: Address, way: Way, nextId: () => number): Question[] {
  const source = way.from.server;
  if (source === undefined) return [];
  const id = nextId();
  const through = (packet: Buffer) => framed(packet, way);
  const send = through(echoRequest({ source, destination: server }, id));
  return send === undefined ? [] : [{ id, asks: { what: 'server' }, send, through }];
}

/** Of SCTP nothing is asked; port 0 is every one. */
function portsOf(
  duties: readonly Duty[],
  of: (duty: Duty) => number,
): { protocol: 'TCP' | 'UDP'; port: number }[] {
  const all = duties.flatMap((duty) => {
    const port = of(duty);
    return duty.protocol === 'SCTP' || port === 0 ? [] : [{ protocol: duty.protocol, port }];
  });
  return distinctBy(all, ({ protocol, port }) => `${protocol} ${port}`);
}

function portPacket(
  ends: Ends,
  id: number,
  { protocol, port }: { protocol: 'TCP' | 'UDP'; port: number },
  mtu: number,
): Buffer {
  const ports = { from: id, to: port };
  if (protocol === 'UDP') return udpDatagram(ends, ports);
  return tcpSyn(ends, ports, SEQUENCE, fittingSegment(ends.destination, Math.min(mtu, CLIENT_MTU), 0));
}

function framed(packet: Buffer, { interface: name, ownMac, nextMac }: Way): Send | undefined {
  if (nextMac === undefined) return undefined;
  return { by: 'frame', interface: name, frame: frameOf(packet, { from: ownMac, to: nextMac }) };
}

function tunnelled(packet: Buffer, { vip, server, method }: Duty, { from }: Way): Send | undefined {
  if (from.server === undefined) return undefined;
  return { by: 'tunnel', from: from.server, to: server, wrapped: wrap(packet, vip, method.tunnel) };
}

/** The question that it answers. */
export function answeredId({ answer }: Heard): number | undefined {
  switch (answer.type) {
    case 'echo':
      return answer.id;
    case 'unreachable':
      return answer.ports?.from;
    default:
      return answer.ports.to;
  }
}

/** A connection that was begun for the question only is given up; undefined when there is none. */
export function giveUp(heard: Heard, { through }: Question): Send | undefined {
  const { answer, source, destination } = heard;
  if (answer.type !== 'synAck') return undefined;
  const ends = { source: destination, destination: source };
  const ports = { from: answer.ports.to, to: answer.ports.from };
  return through(tcpReset(ends, ports, answer.acknowledged));
}

/** Bytes of the path's MTU that a tunnel leaves of a segment. */
export function segmentInTunnel({ vip, server, method }: Duty, mtu: number): number {
  return fittingSegment(vip, mtu, tunnelOverhead(server, method.tunnel));
}
