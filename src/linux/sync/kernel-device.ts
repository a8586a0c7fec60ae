// The interface that the kernel's sync threads have for themselves: a dummy that no cable leads to. The
// master thread sends on it and we watch what goes out; the backup thread listens on it and hears what we
// send.
import { address } from '../../core/address.ts';
import { DirectorError } from '../../core/errors.ts';
import type { SyncDaemon } from '../../ipvs/model.ts';
import { createDummy, deleteLink, setLinkUp } from '../../netlink/link-message.ts';
import { addAddress, type Link, NETLINK_ROUTE } from '../../netlink/route.ts';
import { SYNC_GROUP, SYNC_PORT } from '../../sync/wire.ts';
import { SystemCallError } from '../libc.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { readLink } from '../read-link.ts';
import { writeSysctl } from '../sysctl.ts';

export const DEVICE = 'lvs-sync';
/** Link-local, and of global scope all the same: the kernel's threads take no other as their source. */
export const DEVICE_ADDRESS = address('169.254.88.48');
const PREFIX_LENGTH = 31;
/** The backup thread takes datagrams as long as this allows. */
const MTU = 65_535;
const GROUP = address(SYNC_GROUP);
/** Two ports tell what the kernel says from what it is told. */
export const FROM_KERNEL = { group: GROUP, port: SYNC_PORT } as const;
export const TO_KERNEL = { group: GROUP, port: SYNC_PORT + 2 } as const;
/** To a backup thread with this one every datagram is its own, as that of the stream has to be. */
const SYNC_ID = 0;
/**
 * Nobody's service, to push out what waits in the master thread: a connection to it is one more entry. What
 * it forwards goes out by the interface, to nobody.
 */
export const PROBE_SERVICE = {
  protocol: 'UDP',
  address: DEVICE_ADDRESS,
  port: SYNC_PORT - 1,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
} as const;
export const PROBE_SERVER = {
  address: address('169.254.88.49'),
  port: PROBE_SERVICE.port,
  forwarding: 'DR',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
} as const;
/**
 * An entry waits in the kernel's datagram until there is no room for another: so one is all that it holds.
 * The kernel's count is one byte, and a master with room for more than 255 tells a wrong one.
 */
const MASTER_MAXLEN = 1;

/** The threads that belong on it. */
export const DAEMONS: readonly SyncDaemon[] = [
  { role: 'master', interface: DEVICE, id: SYNC_ID, maxlen: MASTER_MAXLEN, ...FROM_KERNEL },
  { role: 'backup', interface: DEVICE, id: SYNC_ID, ...TO_KERNEL },
];

/** Made anew, whatever a former life left; answers its index. */
export function makeDevice(): number {
  return withRequests((requests) => {
    removeOwn(requests);
    requests.request(createDummy({ name: DEVICE, mtu: MTU }));
    // It has nobody to find or to be found by. A kernel without IPv6 needs no telling.
    writeSysctl(`ipv6/conf/${DEVICE}/disable_ipv6`, '1');
    requests.request(setLinkUp(DEVICE));
    const { index } = linkOf(requests)!;
    const ours = { address: DEVICE_ADDRESS, prefixLength: PREFIX_LENGTH, scope: 0, flags: 0 };
    requests.request(addAddress({ ...ours, interfaceIndex: index }, { replace: true }));
    return index;
  });
}

export function removeDevice(): void {
  withRequests(removeOwn);
}

function withRequests<T>(work: (requests: NetlinkSocket) => T): T {
  const requests = new NetlinkSocket(NETLINK_ROUTE);
  try {
    return work(requests);
  } finally {
    requests.close();
  }
}

function removeOwn(requests: NetlinkSocket): void {
  const there = linkOf(requests);
  if (there === undefined) return;
  if (there.kind !== 'dummy')
    throw new DirectorError('DEVICE_TAKEN', `an interface ${DEVICE} is there, and not ours`);
  requests.request(deleteLink(DEVICE));
}

function linkOf(requests: NetlinkSocket): Link | undefined {
  try {
    return readLink(requests, DEVICE);
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 'ENODEV') return undefined;
    throw error;
  }
}
