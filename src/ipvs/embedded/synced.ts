// Connections as the peer is told of them, and as the peer tells of them: between the connection table and
// the values of a sync datagram. The format itself, sockets and pace are others' business. Rules of the
// kernel's ip_vs_sync.c.
import { PROTOCOL } from '../../core/ip-header.ts';
import { isCallId, SIP } from './call-id.ts';
import { UNBOUND } from './connections.ts';
import { flowOf } from './frame.ts';
import { isSctpStateSynced, SCTP_STATE, SCTP_STATES } from './sctp.ts';
import type { Sessions } from './sessions.ts';
import { TCP_STATE, TCP_STATES } from './tcp.ts';
import { CONNECTION } from './tuple.ts';

/** An entry in a sync datagram: IPv4 addresses are unsigned, IPv6 ones 16 bytes. */
export type ConnectionEntry = EntryValues &
  (
    | { family: 4; client: number; virtual: number; server: number }
    | { family: 6; client: Uint8Array; virtual: Uint8Array; server: Uint8Array }
  );
type EntryValues = {
  protocol: number;
  flags: number;
  state: number;
  clientPort: number;
  virtualPort: number;
  serverPort: number;
  fwmark: number;
  timeoutSeconds: number;
  /** Of a template: the persistence engine that made it, and what that knows the client by. */
  peData?: Uint8Array;
  peName?: string;
};
/** The table's numbers for an entry's addresses, and for its data. */
type Ends = { client: number; virtual: number; server: number; data: number };
export type Adopted = 'created' | 'updated' | SkipReason;
/** `stale`: an expiry message for a connection that was replaced meanwhile. */
export type SkipReason =
  | 'protocol'
  | 'state'
  | 'no-client-port'
  | 'persistence-engine'
  | 'persistence-data'
  | 'stale'
  | 'table-full';

/** What a receiver takes from a sender's flags when it makes, and when it updates a connection. */
const CREATE_MASK = 0x1f87;
const NO_CLIENT_PORT = 0x800;
const STATES: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.tcp, TCP_STATES],
  [PROTOCOL.udp, 1],
  [PROTOCOL.sctp, SCTP_STATES],
]);
/** The kernel's, for a template that came without timeout (v0). */
const TEMPLATE_TIMEOUT_SECONDS = 180;
const TIMEOUT_MAX = 0x3fffffff;

export function describeConnection(sessions: Sessions, at: number): ConnectionEntry {
  const { connections } = sessions;
  const values: EntryValues = {
    protocol: connections.protocol(at),
    flags: connections.flags(at),
    state: connections.state(at),
    clientPort: connections.clientPort(at),
    virtualPort: connections.virtualPort(at),
    serverPort: connections.serverPort(at),
    fwmark: connections.fwmark(at) >>> 0,
    timeoutSeconds: connections.timeoutSeconds(at),
    ...engineOf(sessions, at),
  };
  const client = connections.client(at);
  const virtual = connections.virtual(at);
  const server = connections.server(at);
  if (connections.family(at) === 4) {
    return { ...values, family: 4, client: client >>> 0, virtual: virtual >>> 0, server: server >>> 0 };
  }
  const bytes = (address: number) => connections.addresses.bytes(address);
  return { ...values, family: 6, client: bytes(client), virtual: bytes(virtual), server: bytes(server) };
}

function engineOf({ connections }: Sessions, at: number): Pick<EntryValues, 'peData' | 'peName'> {
  const data = connections.data(at);
  return data === 0 ? {} : { peData: connections.persistenceData.bytes(data), peName: SIP };
}

/** Its entry would have no room for addresses of two families, as the kernel's. */
export function isTellable({ connections }: Sessions, at: number): boolean {
  return connections.serverFamily(at) === connections.family(at);
}

/** Would a backup be helped by it? A half-open connection is tried again by its client anyway. */
export function isWorthTelling(sessions: Sessions, at: number): boolean {
  const { connections } = sessions;
  if (!connections.isUsed(at)) return false;
  if (!isTellable(sessions, at)) return false;
  const protocol = connections.protocol(at);
  if (protocol === PROTOCOL.udp) return true;
  if ((connections.flags(at) & CONNECTION.template) !== 0) return true;
  const state = connections.state(at);
  if (protocol === PROTOCOL.sctp) return isSctpStateSynced(state) && state !== SCTP_STATE.closed;
  return state === TCP_STATE.established || state === TCP_STATE.finWait || state === TCP_STATE.closeWait;
}

/** Takes an entry from the peer into the table. It is never told back: nothing here marks it as changed. */
export function adoptConnection(sessions: Sessions, entry: ConnectionEntry): Adopted {
  const isTemplate = (entry.flags & CONNECTION.template) !== 0;
  const refusal = (isTemplate ? undefined : unusable(entry)) ?? foreignEngine(entry);
  if (refusal) return refusal;
  const { peData } = entry;
  // The kernel's connections have none: only templates are looked for by it.
  if (peData === undefined || !isTemplate) return adoptFrom(sessions, entry, 0);
  const { persistenceData } = sessions.connections;
  const data = persistenceData.intern(peData, 0, peData.length);
  if (data === 0) return 'table-full';
  const adopted = adoptFrom(sessions, entry, data);
  persistenceData.release(data);
  return adopted;
}

function adoptFrom(sessions: Sessions, entry: ConnectionEntry, data: number): Adopted {
  if (entry.family === 4) {
    return adopt(sessions, entry, {
      client: entry.client | 0,
      virtual: entry.virtual | 0,
      server: entry.server | 0,
      data,
    });
  }
  const { addresses } = sessions;
  const client = addresses.intern(entry.client, 0);
  const virtual = addresses.intern(entry.virtual, 0);
  const server = addresses.intern(entry.server, 0);
  const isRoom = client !== 0 && virtual !== 0 && server !== 0;
  const adopted = isRoom ? adopt(sessions, entry, { client, virtual, server, data }) : 'table-full';
  for (const used of [client, virtual, server]) if (used !== 0) addresses.release(used);
  return adopted;
}

function adopt(sessions: Sessions, entry: ConnectionEntry, ends: Ends): Adopted {
  const { connections } = sessions;
  const { clientPort, virtualPort, serverPort } = entry;
  const { client, virtual, server, data } = ends;
  const isTemplate = (entry.flags & CONNECTION.template) !== 0;
  const flow = flowOf(entry.protocol, entry.family);
  const kind = isTemplate ? CONNECTION.template : 0;
  let at =
    data === 0
      ? connections.find(flow, client, clientPort, virtual, virtualPort, kind)
      : connections.findTemplate(flow, client, virtual, virtualPort, data);
  const isMoved =
    at !== 0 &&
    (connections.server(at) !== server ||
      connections.serverFamily(at) !== entry.family ||
      connections.serverPort(at) !== serverPort);
  if (isMoved && !isTemplate) {
    if ((entry.flags & CONNECTION.inactive) !== 0) return 'stale';
    sessions.close(at);
    at = 0;
  }
  const isKnown = at !== 0;
  if (isKnown) {
    if (!isTemplate) sessions.setInactive(at, (entry.flags & CONNECTION.inactive) !== 0);
  } else {
    const flags = (entry.flags & CREATE_MASK) | CONNECTION.sync;
    at = connections.add(
      {
        flow,
        client,
        clientPort,
        virtual,
        virtualPort,
        server,
        serverFamily: entry.family,
        serverPort,
        flags,
      },
      1,
      data,
    );
    if (at === 0) return 'table-full';
    connections.setFwmark(at, entry.fwmark | 0);
  }
  if (connections.serverSlot(at) === UNBOUND) sessions.tryBind(at);
  connections.setState(at, entry.state);
  connections.changeTimeoutSeconds(at, timeoutOf(sessions, entry, isTemplate));
  connections.touch(at);
  return isKnown ? 'updated' : 'created';
}

function unusable(entry: ConnectionEntry): SkipReason | undefined {
  const states = STATES.get(entry.protocol);
  if (states === undefined) return 'protocol';
  if (entry.state >= states) return 'state';
  // The engine has no FTP helper that would learn the missing port.
  return (entry.flags & NO_CLIENT_PORT) !== 0 ? 'no-client-port' : undefined;
}

/** Of an engine that there is none of a kernel takes nothing; by other data no packet would find it. */
function foreignEngine({ peData, peName }: ConnectionEntry): SkipReason | undefined {
  if (peData === undefined) return undefined;
  if (peName !== SIP) return 'persistence-engine';
  return isCallId(peData) ? undefined : 'persistence-data';
}

function timeoutOf(sessions: Sessions, entry: ConnectionEntry, isTemplate: boolean): number {
  if (entry.timeoutSeconds > 0) return Math.min(entry.timeoutSeconds, TIMEOUT_MAX);
  if (isTemplate) return TEMPLATE_TIMEOUT_SECONDS;
  return sessions.timeouts.seconds(entry.protocol, entry.state);
}
