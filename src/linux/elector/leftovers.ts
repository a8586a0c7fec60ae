// What a director that died without a word leaves behind, put in order by somebody else: its routers resign
// in its name, its addresses serve until the peer is heard, then go. Synchronous: whoever calls this has
// nothing better to do.
import type { Address } from '../../core/address.ts';
import { NETLINK_ROUTE } from '../../netlink/route.ts';
import { refuse } from '../../vrrp/accept.ts';
import { type Authenticator, createAuthenticator } from '../../vrrp/auth.ts';
import { examine, signed } from '../../vrrp/authenticate.ts';
import { familyOfRouter, sourceAmong } from '../../vrrp/family.ts';
import { filterFor, isEmptyFilter } from '../../vrrp/filter.ts';
import { allVips, parcels } from '../../vrrp/instance.ts';
import { decodeAdvert, RESIGNED } from '../../vrrp/packet.ts';
import { fitToLink } from '../../vrrp/room.ts';
import { routingOf } from '../../vrrp/routing.ts';
import type { ElectorSettings, FormerSysctls, InstanceSettings } from '../../vrrp/settings.ts';
import { NO_STATICS } from '../../vrrp/statics.ts';
import { LINGER_MS, peerMasterDownMs } from '../../vrrp/timing.ts';
import {
  hearingInterface,
  sendingInterface,
  sourceInterface,
  virtualDevices,
} from '../../vrrp/virtual-device.ts';
import { wallClockMs } from '../clock.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { PollSet } from '../poll.ts';
import { FormerLedger, restoreSysctls } from '../sysctl.ts';
import { Addresses } from './addresses.ts';
import type { AdvertSocket } from './advert-socket.ts';
import { openAdvertSocket } from './advert-sockets.ts';
import { Firewall } from './firewall.ts';
import { Links } from './links.ts';
import { Routing } from './routing.ts';
import { Statics } from './statics.ts';
import { VirtualDevices } from './virtual-devices.ts';

/** Everything of a dead director is gone within a second: with slow adverts there may be a gap instead. */
const PATIENCE_MS = 800;
const NS_PER_MS = 1e6;

type Orphan = {
  own: InstanceSettings;
  source: Address;
  socket: AdvertSocket;
  auth: Authenticator | undefined;
};

/** `masters`: names of the instances that served. `former`: what the kernel's settings were before. */
export function removeLeftovers(
  settings: ElectorSettings,
  masters: readonly string[],
  former: FormerSysctls,
): void {
  const requests = new NetlinkSocket(NETLINK_ROUTE);
  const links = new Links(requests);
  const addresses = new Addresses(requests, links, () => {});
  const routing = new Routing(requests, links, () => {});
  const served = settings.instances.filter((own) => masters.includes(own.name));
  const orphans = served.flatMap((own) => resign(own, links, virtualAddresses(settings)));
  try {
    waitForRelief(orphans);
  } finally {
    for (const { socket } of orphans) socket.close();
    // Also of those that did not serve: the dead director may have become master a moment ago.
    for (const own of settings.instances) routing.remove(routingOf(own));
    if (settings.addresses === 'kernel') addresses.remove(settings.instances.flatMap(allVips));
    const statics = new Statics(
      requests,
      links,
      () => {},
      () => {},
    );
    statics.removeAll(settings.statics ?? NO_STATICS);
    const devices = new VirtualDevices(requests, links, new FormerLedger(), () => {});
    devices.remove(virtualDevices(settings.instances));
    restoreSysctls(former);
    removeFilter(settings);
    links.close();
    requests.close();
  }
}

function removeFilter(settings: ElectorSettings): void {
  const filter = filterFor(settings);
  if (isEmptyFilter(filter)) return;
  const firewall = new Firewall(() => {});
  firewall.remove(filter);
  firewall.close();
}

function virtualAddresses(settings: ElectorSettings): Set<Address> {
  return new Set(settings.instances.flatMap(allVips).map((vip) => vip.address));
}

function resign(own: InstanceSettings, links: Links, virtual: ReadonlySet<Address>): Orphan[] {
  const [speaking, hearing] = [links.link(sendingInterface(own)), links.link(hearingInterface(own))];
  const addresses = links.electorLink(sourceInterface(own))?.addresses ?? [];
  const source = own.source ?? sourceAmong(addresses, own, virtual);
  if (speaking === undefined || hearing === undefined || source === undefined) return [];
  const socket = openAdvertSocket(familyOfRouter(own), hearing);
  if (own.unicastPeers.length === 0) socket.listenTo(new Set([own.multicastGroup]));
  const auth = own.hmac && createAuthenticator(own.hmac);
  const resignation = signed(auth, parcels(fitToLink(own, speaking.mtu), source, RESIGNED), wallClockMs());
  const mouth = speaking === hearing ? socket : openAdvertSocket(familyOfRouter(own), speaking);
  for (const { to, packet } of resignation) mouth.send(packet, to);
  if (mouth !== socket) mouth.close();
  return [{ own, source, socket, auth }];
}

function waitForRelief(orphans: readonly Orphan[]): void {
  const poll = new PollSet();
  const waiting = new Map(orphans.map((orphan) => [poll.add(orphan.socket.fd), orphan]));
  const longestMs = Math.max(0, ...orphans.map(({ own }) => peerMasterDownMs(own)));
  const untilMs = performance.now() + Math.min(PATIENCE_MS, longestMs);
  while (waiting.size > 0) {
    const restMs = untilMs - performance.now();
    if (restMs <= 0) return;
    poll.wait(Math.ceil(restMs * NS_PER_MS));
    for (const [slot, orphan] of waiting) {
      if (!poll.ready(slot) || !isRelieved(orphan)) continue;
      poll.remove(orphan.socket.fd);
      waiting.delete(slot);
    }
  }
  if (orphans.length > 0) poll.wait(LINGER_MS * NS_PER_MS);
}

function isRelieved({ own, source, socket, auth }: Orphan): boolean {
  for (let bytes = socket.receive(); bytes !== undefined; bytes = socket.receive()) {
    const decoded = decodeAdvert(bytes);
    if (!decoded.ok || decoded.advert.vrid !== own.vrid || decoded.advert.priority === RESIGNED) continue;
    if (refuse(decoded.advert, own, source) === undefined && examine(auth, decoded, wallClockMs()).ok)
      return true;
  }
  return false;
}
