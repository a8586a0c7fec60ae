// Virtual services side by side, and against the addresses that instances hold.
import { endpoint } from '../../core/address.ts';
import type { Configuration, RealServer, VirtualServer } from '../model.ts';
import type { Report } from '../report.ts';
import { distinct } from './distinct.ts';

export function serviceName({ protocol, address, port }: VirtualServer): string {
  return `${protocol.value} ${endpoint(address.value, port.value)}`;
}

function serverName({ address, port }: RealServer): string {
  return endpoint(address.value, port.value);
}

export function checkServices(configuration: Configuration, report: Report): void {
  const { instances, virtualServers } = configuration;
  const held = new Set(
    instances.flatMap(({ virtualAddresses, virtualAddressesExcluded }) =>
      [...virtualAddresses, ...virtualAddressesExcluded].map(({ prefix }) => prefix.value.address),
    ),
  );
  for (const service of virtualServers) {
    if (service.realServers.length === 0)
      report.add('CFG_EMPTY', service.at, `virtual_server ${serviceName(service)} has no real server`);
    service.realServers = distinct(service.realServers, serverName, (server) =>
      report.add('CFG_DUPLICATE', server.address.at, `there is a real_server ${serverName(server)} already`),
    );
    if (instances.length > 0 && !held.has(service.address.value))
      report.add(
        'CFG_UNSERVED',
        service.address.at,
        `no vrrp_instance holds ${service.address.value}`,
        'packets for it arrive only if something else brings them here',
      );
  }
}
