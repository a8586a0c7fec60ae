// A pool is what a `virtual_server` is: one set of real servers, and the services of IPVS they are behind.
// Most pools have one; one of a group has a service for each of its members.

import type { Protocol } from '../core/forwarding.ts';
import { oncePer } from '../core/once-per.ts';
import { type AddressRange, addressesIn } from '../core/range.ts';
import {
  familyOfService,
  type MarkSelector,
  type Selector,
  type Server,
  type ServerKey,
  type Service,
  type ServiceKey,
  type ServiceSettings,
  serverKey,
  serviceKey,
} from './model.ts';

/** `TCP 192.0.2.1:80` of one service, `group web TCP` of a group, `group web TCP #1` of another one of it. */
export type PoolName = string;
/** Port 0 = every one. */
export type AddressMember = AddressRange & { protocol: Protocol; port: number };
export type Member = AddressMember | MarkSelector;
export type PoolSettings = Omit<ServiceSettings, 'persistencePrefix'> & {
  /** Undefined = one address. */
  persistencePrefix?: number;
};
export type Pool = {
  members: readonly Member[];
  /** Whose packets get the mark that all members have, before IPVS sees them: see marking.ts. */
  marked?: readonly AddressMember[];
  settings: PoolSettings;
  servers: ReadonlyMap<ServerKey, Server>;
  /** Those that stay, with weight 0, when they are out of service. */
  inhibited: ReadonlySet<ServerKey>;
  /** Those that keep their connections, with weight 0, also while the sorry server stands in. */
  draining?: ReadonlySet<ServerKey>;
  /** Stands in for all of them while the quorum is lost; `isInhibited`: else with weight 0. */
  sorry?: { server: Server; isInhibited: boolean };
};

/** The same objects each time, so that who compares sees at once that nothing has changed. */
export const servicesOf = oncePer((pool: Pool): readonly (readonly [ServiceKey, Service])[] =>
  [...selectorsOf(pool)].map((selector) => {
    const service = serviceFor(pool, selector);
    return [serviceKey(service), service];
  }),
);

function* selectorsOf({ members }: Pool): Generator<Selector> {
  for (const member of members) {
    if ('mark' in member) yield member;
    else {
      const { protocol, port } = member;
      for (const address of addressesIn(member)) yield { protocol, address, port };
    }
  }
}

function serviceFor(pool: Pool, selector: Selector): Service {
  const { settings, servers } = pool;
  const oneClient = familyOfService(selector) === 6 ? 128 : 32;
  return {
    ...selector,
    ...settings,
    persistencePrefix: settings.persistencePrefix ?? oneClient,
    servers: serversFor(servers, selector),
  };
}

function serversFor(servers: Pool['servers'], selector: Selector): Service['servers'] {
  if ([...servers.values()].every((server) => serverFor(server, selector) === server)) return servers;
  return new Map(
    [...servers.values()].map((server) => {
      const own = serverFor(server, selector);
      return [serverKey(own), own];
    }),
  );
}

/** What only NAT can change is as it came: of an address its port, of a mark any. */
export function serverFor(server: Server, selector: Selector): Server {
  const came = 'mark' in selector ? 0 : selector.port;
  return server.forwarding === 'NAT' || server.port === came ? server : { ...server, port: came };
}
