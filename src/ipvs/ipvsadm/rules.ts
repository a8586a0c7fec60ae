// `ipvsadm -S`: the table as the rules that make it, which `ipvsadm -R` reads.
import type { ListedServer, ListedService } from '../listing.ts';
import type { Protocol } from '../model.ts';
import { type Names, nameEndpoint } from './names.ts';
import { sortListedServers, sortListedServices } from './order.ts';
import { mask, schedulerFlags } from './words.ts';

const SERVICE = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' } as const satisfies Record<Protocol, string>;
const FORWARD = { NAT: '-m', DR: '-g', TUN: '-i' } as const;
const CHECKSUM = { none: '--tun-nocsum', csum: '--tun-csum', remcsum: '--tun-remcsum' } as const;

export function renderRules(services: readonly ListedService[], names: Names): string {
  return sortListedServices(services)
    .map((service) => renderService(service, names))
    .join('');
}

function renderService(service: ListedService, names: Names): string {
  const selector = selectorWords(service, names);
  const protocol = 'mark' in service ? '' : service.protocol;
  const lines = sortListedServers(service.servers).map((server) => {
    const name = nameEndpoint(server.address, server.port, protocol, names);
    const how = `${FORWARD[server.forwarding]} -w ${server.weight}${tunnelWords(server)}`;
    return `-a ${selector} -r ${name} ${how}\n`;
  });
  return `-A ${selector} ${settingWords(service).join(' ')}\n${lines.join('')}`;
}

function selectorWords(service: ListedService, names: Names): string {
  if ('mark' in service) return `-f ${service.mark}${service.family === 6 ? ' -6' : ''}`;
  const { protocol, address, port } = service;
  return `${SERVICE[protocol]} ${nameEndpoint(address, port, protocol, names)}`;
}

function settingWords(service: ListedService): string[] {
  const flags = schedulerFlags(service);
  const words = [`-s ${service.scheduler}`];
  if (service.persistenceSeconds > 0) {
    words.push(`-p ${service.persistenceSeconds}`, ...mask(service).map((each) => `-M ${each}`));
  }
  if (service.persistenceEngine !== undefined) words.push(`--pe ${service.persistenceEngine}`);
  if (service.onePacket) words.push('-o');
  if (flags !== '') words.push(`-b ${flags}`);
  return words;
}

function tunnelWords({ forwarding, tunnel }: ListedServer): string {
  if (forwarding !== 'TUN') return '';
  if (tunnel === undefined) return ' --tun-type ipip';
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : '';
  return ` --tun-type ${tunnel.type}${port} ${CHECKSUM[tunnel.checksum]}`;
}
