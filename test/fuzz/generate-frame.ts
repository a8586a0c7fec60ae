// Frames that might answer a probe of a real server, as texts with one character a byte: right ones, right
// ones inside an ICMP error, and each of these cut short, lengthened and damaged.
import { address } from '../../src/core/address.ts';
import { IPV4, IPV6 } from '../../src/core/ip-header.ts';
import { echoRequest, frameOf, tcpReset, tcpSyn, udpDatagram } from '../../src/director/preflight/wire.ts';
import type { Draw } from './draw.ts';
import type { Input } from './input.ts';

const ENDS = [
  { source: address('10.0.0.21'), destination: address('10.0.0.1') },
  { source: address('2001:db8::21'), destination: address('2001:db8::1') },
];
const MACS = { from: Buffer.from('020000000015', 'hex'), to: Buffer.from('020000000001', 'hex') };
const MOST_BYTES = 1600;
/** ICMP: echo reply, unreachable, time exceeded; ICMPv6: unreachable, parameter problem, echo reply. */
const ICMP_TYPES = [0, 3, 11, 1, 4, 129];
const ICMP_HEADER = 8;

export function answerFrame(draw: Draw): Input {
  const byte = () => draw.integer(256);
  const ends = draw.pick(ENDS);
  const ports = { from: draw.integer(65_536), to: draw.integer(65_536) };
  const packet = draw.pick([
    () => echoRequest(ends, draw.integer(65_536), draw.integer(MOST_BYTES)),
    () => tcpSyn(ends, ports, draw.integer(0x1_0000_0000), draw.integer(65_536)),
    () => tcpReset(ends, ports, draw.integer(0x1_0000_0000)),
    () => udpDatagram(ends, ports),
  ])();
  const whole = draw.chance(0.4) ? asError(draw, ends, packet) : packet;
  const frame = frameOf(whole, MACS);
  for (const at of draw.many(6, () => draw.integer(frame.length))) frame[at] = byte();
  const cut = draw.chance(0.3) ? frame.subarray(0, draw.integer(frame.length + 1)) : frame;
  const longer = Buffer.concat([cut, Buffer.from(draw.many(40, byte))]);
  return { text: longer.toString('latin1'), files: {} };
}

/** What an ICMP error has in it is as much of the packet as somebody pleased. */
function asError(draw: Draw, ends: (typeof ENDS)[number], quoted: Buffer): Buffer {
  const error = echoRequest(ends, 0);
  const header = error.length - ICMP_HEADER;
  error[header] = draw.pick(ICMP_TYPES);
  error[header + 1] = draw.integer(16);
  const whole = Buffer.concat([error, quoted.subarray(0, draw.integer(quoted.length + 1))]);
  if (header === IPV4.size) whole.writeUInt16BE(whole.length, IPV4.totalLength);
  else whole.writeUInt16BE(whole.length - header, IPV6.payloadLength);
  return whole;
}
