// What a configuration asks of real servers: for each of them which virtual addresses it answers for, at
// which ports, and how its packets come. Pure.

import type { Configuration } from '../../config/model.ts';
import type { Selects, VirtualServer } from '../../config/model-services.ts';
import { addressesOf } from '../../config/rules/vrrp.ts';
import { serverOfAddress, serviceName } from '../../config/selects.ts';
import { type Address, type Family, familyOf } from '../../core/address.ts';
import type { Method, Protocol } from '../../core/forwarding.ts';
import { addressesIn } from '../../core/range.ts';

/** One real server of one virtual address and port. */
export type Duty = {
  server: Address;
  /** Where the server listens; 0 = wherever the client wants. */
  serverPort: number;
  vip: Address;
  /** 0 = every one. */
  port: number;
  protocol: Protocol;
  method: Method;
  /** As in a file: `TCP 10.0.0.50:80`. */
  service: string;
};
export type Duties = {
  duties: readonly Duty[];
  /** Services by a firewall mark: their addresses are in no file, so those of `--vip` are taken. */
  unnamed: readonly string[];
};

/** `markVips`: the addresses of services that are known by a firewall mark. */
export function dutiesOf(configuration: Configuration, markVips: readonly Address[] = []): Duties {
  const duties: Duty[] = [];
  const unnamed: string[] = [];
  for (const service of configuration.virtualServers) {
    const name = serviceName(service);
    const targets = targetsOf(service.selects, markVips);
    if (targets.length === 0) unnamed.push(name);
    for (const { address, port } of membersOf(service))
      for (const target of targets)
        duties.push({
          server: address,
          serverPort: port.value,
          vip: target.vip,
          port: target.port ?? port.value,
          protocol: service.protocol.value,
          method: port.method,
          service: name,
        });
  }
  return { duties, unnamed };
}

/** Those of the servers with these addresses. */
export function dutiesAt(duties: readonly Duty[], servers: readonly Address[]): Duty[] {
  const wanted = new Set(servers);
  return duties.filter(({ server }) => wanted.has(server));
}

/**
 * Addresses that directors hold, and that may therefore be the gateway of real servers; first those that
 * are no service's, as a gateway mostly is none.
 */
export function heldAddresses({ instances, virtualServers }: Configuration): Address[] {
  const ofService = serverOfAddress(virtualServers);
  const held = [...new Set(instances.flatMap(addressesOf).map(({ prefix }) => prefix.value.address))];
  return [
    ...held.filter((address) => ofService(address) === undefined),
    ...held.filter((address) => ofService(address) !== undefined),
  ];
}

/** Of the packet inside and of the one around it. */
export function familiesOfTunnel({ vip, server }: Pick<Duty, 'vip' | 'server'>): {
  inner: Family;
  outer: Family;
} {
  return { inner: familyOf(vip), outer: familyOf(server) };
}

/** The first of each. */
export function distinctBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const found = new Map<string, T>();
  for (const item of items) {
    const key = keyOf(item);
    if (!found.has(key)) found.set(key, item);
  }
  return [...found.values()];
}

type Member = { address: Address; port: { value: number; method: Method } };
/** What is at a loopback address is the director itself: as a sorry server mostly. */
function membersOf(service: VirtualServer): Member[] {
  return allMembers(service).filter(({ address }) => !address.startsWith('127.') && address !== '::1');
}
function allMembers({ realServers, sorryServer, method }: VirtualServer): Member[] {
  const real = realServers.map((server) => ({
    address: server.address.value,
    port: { value: server.port.value, method: server.method?.value ?? method.value },
  }));
  if (sorryServer === undefined) return real;
  const port = { value: sorryServer.port.value, method: sorryServer.method.value };
  return [...real, { address: sorryServer.address.value, port }];
}

/** Of a mark nobody knows the port: it is the server's. */
function targetsOf(selects: Selects, markVips: readonly Address[]): { vip: Address; port?: number }[] {
  const ofMark = (family: Family) =>
    markVips.filter((vip) => familyOf(vip) === family).map((vip) => ({ vip }));
  switch (selects.by) {
    case 'address':
      return [{ vip: selects.address.value, port: selects.port.value }];
    case 'mark':
      return ofMark(selects.family);
    case 'group':
      return selects.members.flatMap((member) =>
        'mark' in member
          ? ofMark(member.family)
          : [...addressesIn(member.addresses.value)].map((vip) => ({ vip, port: member.port })),
      );
  }
}
