// A connection as the kernel's table shows it, as the sync entry that the kernel's master would tell of it.
// What the table does not show (method, mark, the timeout of a template) follows from its service; without
// one it is left out.
import { addressBytes, familyOf } from '../core/address.ts';
import { PROTOCOL } from '../core/ip-header.ts';
import type { ShownConnection } from '../ipvs/connection.ts';
import { SCTP_NAMES } from '../ipvs/embedded/sctp.ts';
import { TCP_NAMES, TEMPLATE_NAMES } from '../ipvs/embedded/shown.ts';
import {
  type Forwarding,
  type Protocol,
  type Service,
  serverKey,
  serviceKey,
  type Table,
} from '../ipvs/model.ts';
import { FLAG, type SyncEntry } from '../sync/entry.ts';

const PROTOCOLS: Readonly<Record<string, number>> = {
  IP: 0,
  TCP: PROTOCOL.tcp,
  UDP: PROTOCOL.udp,
  SCTP: PROTOCOL.sctp,
};
const METHODS: Readonly<Record<Forwarding, number>> = {
  NAT: FLAG.masquerade,
  TUN: FLAG.tunnel,
  DR: FLAG.direct,
};
/** ip_vs_sync_conn_needed(): states that a master tells of. A SYN is tried again anyway. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  TCP: ['ESTABLISHED', 'FIN_WAIT', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT'],
  SCTP: ['ESTABLISHED', 'S-SENT', 'S-RECEIVED', 'S-ACK-SENT', 'CLOSED'],
  UDP: ['UDP'],
};

export function foundEntry(shown: ShownConnection, services: Table): SyncEntry | undefined {
  const { protocol, state } = shown;
  const isTemplate = shown.clientPort === 0 && TEMPLATE_NAMES.includes(state);
  const number = PROTOCOLS[protocol];
  if (number === undefined || !(isTemplate || TOLD[protocol]?.includes(state))) return undefined;
  const service = serviceOf(shown, services, isTemplate);
  const server = service === undefined ? undefined : serverOf(service, shown);
  if (service === undefined || server === undefined) return undefined;
  const isActive = !isTemplate && state === 'ESTABLISHED';
  const flags =
    METHODS[server.forwarding] |
    (isTemplate ? FLAG.template : shown.clientPort === 0 ? FLAG.noClientPort : 0) |
    (isActive ? 0 : FLAG.inactive);
  return {
    protocol: number,
    flags,
    state: stateNumber(protocol, state, isTemplate),
    clientPort: shown.clientPort,
    virtualPort: shown.virtualPort,
    serverPort: shown.destinationPort,
    fwmark: 'mark' in service ? service.mark : 0,
    timeoutSeconds: (isTemplate && service.persistenceSeconds) || Math.max(1, shown.expiresSeconds),
    ...addressesOf(shown),
    ...engineOf(shown),
  };
}

function stateNumber(protocol: string, state: string, isTemplate: boolean): number {
  if (isTemplate) return TEMPLATE_NAMES.indexOf(state);
  if (protocol === 'UDP') return 0;
  return (protocol === 'SCTP' ? SCTP_NAMES : TCP_NAMES).indexOf(state);
}

function serviceOf(shown: ShownConnection, services: Table, isTemplate: boolean): Service | undefined {
  const { virtual, virtualPort } = shown;
  const family = familyOf(virtual);
  if (shown.protocol === 'IP') {
    // ip_vs_sched_persist(): the first word of its virtual address, in IPv6 too.
    const mark = addressBytes(virtual).readUInt32BE(0);
    return isTemplate ? services.get(serviceKey({ mark, family })) : undefined;
  }
  const protocol = shown.protocol as Protocol;
  const own = [virtualPort, 0].flatMap(
    (port) => services.get(serviceKey({ protocol, address: virtual, port })) ?? [],
  );
  const marked = [...services.values()].filter((each) => 'mark' in each && each.family === family);
  return [...own, ...marked].find((each) => serverOf(each, shown) !== undefined);
}

/** A service of every port has servers of every port. */
function serverOf({ servers }: Service, { destination: address, destinationPort }: ShownConnection) {
  return (
    servers.get(serverKey({ address, port: destinationPort })) ?? servers.get(serverKey({ address, port: 0 }))
  );
}

type Addresses =
  | { family: 4; client: number; virtual: number; server: number }
  | { family: 6; client: Uint8Array; virtual: Uint8Array; server: Uint8Array };
function addressesOf({ client, virtual, destination }: ShownConnection): Addresses {
  const [from, to, server] = [client, virtual, destination].map(addressBytes) as [Buffer, Buffer, Buffer];
  if (familyOf(client) === 6) return { family: 6, client: from, virtual: to, server };
  return {
    family: 4,
    client: from.readUInt32BE(0),
    virtual: to.readUInt32BE(0),
    server: server.readUInt32BE(0),
  };
}

function engineOf({ persistence }: ShownConnection): Pick<SyncEntry, 'peData' | 'peName'> {
  if (persistence === undefined) return {};
  return { peData: Buffer.from(persistence.data, 'latin1'), peName: persistence.engine };
}
