// What the engine has to know of the machine: its Ethernet interfaces and routes, read by rtnetlink when they
// may have changed. Keeps no picture of its own.
import { address } from '../../core/address.ts';
import type { InterfaceFacts, RouteFacts } from '../../ipvs/embedded/links.ts';
import type { Message } from '../../netlink/message.ts';
import {
  decodeRouteMessage,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  NETLINK_ROUTE,
  type Route,
  RTMGRP,
} from '../../netlink/route.ts';
import { attachProgram } from '../bpf.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { WITHOUT_RENEWALS } from '../renewal-filter.ts';

/** RT_TABLE_MAIN, RTN_UNICAST. */
const MAIN_TABLE = 254;
const UNICAST = 1;
const MAC_BYTES = 6;
const ANY = { 4: address('0.0.0.0'), 6: address('::') } as const;

/** Where routes change all the time the packets must not wait for all of them to be read each time. */
const EACH_MS = 100;

export type Environment = { interfaces: InterfaceFacts[]; routes: RouteFacts[] };

export class EnvironmentReader {
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE);
  readonly #events = new NetlinkSocket(NETLINK_ROUTE, {
    groups: RTMGRP.LINK | RTMGRP.IPV4_IFADDR | RTMGRP.IPV4_ROUTE | RTMGRP.IPV6_IFADDR | RTMGRP.IPV6_ROUTE,
  });
  #isStale = true;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor() {
    attachProgram(this.#events.fd, WITHOUT_RENEWALS);
  }

  /** Readable when something may have changed. */
  get eventsFd(): number {
    return this.#events.fd;
  }

  /** Takes the waiting events away: {@link news} tells what is now. */
  noteEvents(): void {
    this.#events.receive();
    this.#isStale = true;
  }

  /** When there may be news; infinity = when there are events. */
  get nextMs(): number {
    return this.#isStale ? this.#readAtMs + EACH_MS : Number.POSITIVE_INFINITY;
  }

  /** Undefined = as it was, or too early to ask again. */
  news(nowMs: number): Environment | undefined {
    if (nowMs < this.nextMs) return undefined;
    this.#readAtMs = nowMs;
    const environment = this.#read();
    this.#isStale = environment === undefined;
    return environment;
  }

  /** Undefined = it changed meanwhile. */
  #read(): Environment | undefined {
    const looks = [dumpAddresses(), dumpLinks(), dumpRoutes()].map((request) => this.#requests.ask(request));
    if (looks.some(({ torn }) => torn)) return undefined;
    const [ofAddresses, ofLinks, ofRoutes] = looks.map(({ answers }) => answers);
    const addresses = new Map<number, { address: InterfaceFacts['addresses'][number] }[]>();
    for (const message of ofAddresses!) {
      const event = decodeRouteMessage(message);
      if (!event.ok || event.value.type !== 'address') continue;
      const { interfaceIndex, address: own, prefixLength } = event.value.address;
      const known = addresses.get(interfaceIndex) ?? [];
      known.push({ address: { address: own, length: prefixLength } });
      addresses.set(interfaceIndex, known);
    }
    const interfaces: InterfaceFacts[] = [];
    for (const message of ofLinks!) {
      const event = decodeRouteMessage(message);
      if (!event.ok || event.value.type !== 'link') continue;
      const { index, name, mac, mtu, up, loopback } = event.value.link;
      if (!up || loopback || mac.length !== MAC_BYTES) continue;
      const own = (addresses.get(index) ?? []).map((entry) => entry.address);
      interfaces.push({ index, name, mac: Uint8Array.from(mac), mtu, addresses: own });
    }
    return { interfaces, routes: routesOf(ofRoutes!) };
  }

  close(): void {
    this.#requests.close();
    this.#events.close();
  }
}

function routesOf(answers: readonly Message[]): RouteFacts[] {
  return answers.flatMap((message) => {
    const event = decodeRouteMessage(message);
    return event.ok && event.value.type === 'route' ? factsOf(event.value.route) : [];
  });
}

/** Multipath routes have no single interface here and are left to the kernel. */
function factsOf(route: Route): RouteFacts[] {
  if (route.table !== MAIN_TABLE || route.type !== UNICAST || route.interfaceIndex === undefined) return [];
  const facts: RouteFacts = {
    destination: { address: route.destination ?? ANY[route.family], length: route.prefixLength },
    interface: route.interfaceIndex,
    metric: route.metric ?? 0,
  };
  return [route.gateway === undefined ? facts : { ...facts, gateway: route.gateway }];
}
