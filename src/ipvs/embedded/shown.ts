// The embedded engine's connections as people are shown them: the kernel's words for states
// (ip_vs_proto_*.c), a portion at a time, because the engine forwards between two of them.
import { PROTOCOL } from '../../core/ip-header.ts';
import type { ShownConnection } from '../connection.ts';
import type { EngineInfo } from '../plane.ts';
import { SIP } from './call-id.ts';
import type { ConnectionTable } from './connections.ts';
import { SCTP_NAMES } from './sctp.ts';
import type { Sessions } from './sessions.ts';
import { CONNECTION } from './tuple.ts';

/** What ip_vs of Linux 6.x calls itself; the engine does what it does. */
const VERSION = '1.2.1';

export function engineInfo({ connections, timeouts }: Sessions): EngineInfo {
  return { version: VERSION, connectionTableSize: connections.capacity, timeouts: timeouts.read() };
}

/** Numbers of connections that are looked at for one portion: well under a millisecond. */
const PORTION = 1024;
/** By the numbers of TCP_STATE. */
export const TCP_NAMES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
];
export const TEMPLATE_NAMES = ['NONE', 'ASSURED'];

/** `next`: where the next portion begins; undefined = there is none. */
export type ShownPortion = { connections: ShownConnection[]; next: number | undefined };

export function showConnections(table: ConnectionTable, from: number): ShownPortion {
  const end = Math.min(from + PORTION, table.last + 1);
  const connections: ShownConnection[] = [];
  for (let at = Math.max(from, 1); at < end; at++) {
    if (table.isUsed(at)) connections.push(show(table, at));
  }
  return { connections, next: end > table.last ? undefined : end };
}

function show(table: ConnectionTable, at: number): ShownConnection {
  const protocol = protocolName(table.protocol(at));
  const text = (address: number) => table.addresses.text(address, table.family(at));
  return {
    protocol,
    client: text(table.client(at)),
    clientPort: table.clientPort(at),
    virtual: text(table.virtual(at)),
    virtualPort: table.virtualPort(at),
    destination: table.addresses.text(table.server(at), table.serverFamily(at)),
    destinationPort: table.serverPort(at),
    state: stateName(table, at, protocol),
    expiresSeconds: table.secondsLeft(at),
    ...showEngine(table, at),
  };
}

function showEngine(table: ConnectionTable, at: number): Pick<ShownConnection, 'persistence'> {
  const data = table.data(at);
  if (data === 0) return {};
  const text = Buffer.from(table.persistenceData.bytes(data)).toString('latin1');
  return { persistence: { engine: SIP, data: text } };
}

function protocolName(number: number): string {
  if (number === PROTOCOL.tcp) return 'TCP';
  if (number === PROTOCOL.sctp) return 'SCTP';
  return number === PROTOCOL.udp ? 'UDP' : 'IP';
}

function stateName(table: ConnectionTable, at: number, protocol: string): string {
  if ((table.flags(at) & CONNECTION.template) !== 0) return TEMPLATE_NAMES[table.state(at)] ?? 'ERR!';
  if (protocol === 'UDP') return 'UDP';
  return (protocol === 'SCTP' ? SCTP_NAMES : TCP_NAMES)[table.state(at)] ?? 'ERR!';
}
