// `ipvsadm -L`: a table of services and their servers in the columns asked for, byte for byte.
import { familyOf } from '../../core/address.ts';
import type { ListedServer, ListedService, Listing } from '../listing.ts';
import { type Counters, familyOfService } from '../model.ts';
import { type Names, nameEndpoint } from './names.ts';
import { sortListedServers, sortListedServices } from './order.ts';
import { mask, schedulerFlags } from './words.ts';

export type Columns = 'usual' | 'stats' | 'rate' | 'thresholds' | 'persistent' | 'tunnel';
export type TableOptions = {
  columns: Columns;
  names: Names;
  /** Numbers in full instead of 12345K. */
  exact: boolean;
  /** Otherwise in the engine's order. */
  sorted: boolean;
};

/** Longer IPv4 names are cut off: of a service with its protocol, of a server. */
const LONGEST = { service: 33, server: 28 };
const FORWARD = { NAT: 'Masq', DR: 'Route', TUN: 'Tunnel' } as const;
const CHECKSUM = { none: '-c', csum: '+c', remcsum: 'r+c' } as const;

/** The first line of a whole table. */
export function renderVersion({ version, connectionTableSize }: Listing): string {
  return `IP Virtual Server version ${version} (size=${connectionTableSize})\n`;
}

export function renderTable(services: readonly ListedService[], options: TableOptions): string {
  const listed = options.sorted ? sortListedServices(services) : services;
  return renderTitle(options.columns) + listed.map((service) => renderService(service, options)).join('');
}

function renderTitle(columns: Columns): string {
  const wide = (...words: string[]) => `Prot LocalAddress:Port           ${words.join('')}\n`;
  const right = (...words: string[]) => wide(...words.map((word) => ` ${word.padStart(8)}`));
  const left = (...columns: [string, number][]) =>
    wide(...columns.map(([word, width]) => ` ${word.padEnd(width)}`));
  const remote = '  -> RemoteAddress:Port\n';
  switch (columns) {
    case 'usual':
      return (
        'Prot LocalAddress:Port Scheduler Flags\n' +
        '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n'
      );
    case 'tunnel':
      return (
        'Prot LocalAddress:Port Scheduler Flags\n' +
        '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n'
      );
    case 'stats':
      return right('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes') + remote;
    case 'rate':
      return right('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS') + remote;
    case 'thresholds':
      return left(['Uthreshold', 10], ['Lthreshold', 10], ['ActiveConn', 10], ['InActConn', 10]) + remote;
    case 'persistent':
      return left(['Weight', 9], ['PersistConn', 11], ['ActiveConn', 10], ['InActConn', 10]) + remote;
  }
}

function renderService(service: ListedService, options: TableOptions): string {
  const servers = options.sorted ? sortListedServers(service.servers) : service.servers;
  const protocol = 'mark' in service ? '' : service.protocol;
  const lines = servers.map((server) => renderServer(server, protocol, options));
  return `${renderHead(service, options)}\n${lines.join('')}`;
}

function renderHead(service: ListedService, options: TableOptions): string {
  const name = serviceName(service, options.names);
  if (options.columns === 'stats') return name.padEnd(33) + totals(service.counters, options);
  if (options.columns === 'rate')
    return name.padEnd(33) + rates(service.counters).map(number(options)).join('');
  const flags = schedulerFlags(service);
  const persistence =
    service.persistenceSeconds === 0
      ? []
      : [
          `persistent ${service.persistenceSeconds}`,
          ...mask(service).map((each) => `mask ${each}`),
          ...(service.persistenceEngine === undefined ? [] : [`pe ${service.persistenceEngine}`]),
        ];
  const words = [
    name,
    service.scheduler,
    ...(flags === '' ? [] : [`(${flags})`]),
    ...persistence,
    ...(service.onePacket ? ['ops'] : []),
  ];
  return words.join(' ');
}

function serviceName(service: ListedService, names: Names): string {
  if ('mark' in service) return `FWM  ${service.mark}${service.family === 6 ? ' IPv6' : ''}`;
  const { protocol, address, port } = service;
  const name = `${protocol.padEnd(4)} ${nameEndpoint(address, port, protocol, names)}`;
  return familyOfService(service) === 6 ? name : name.slice(0, LONGEST.service);
}

function renderServer(server: ListedServer, protocol: string, options: TableOptions): string {
  const { counters, weight } = server;
  const whole = nameEndpoint(server.address, server.port, protocol, options.names);
  const name = familyOf(server.address) === 6 ? whole : whole.slice(0, LONGEST.server);
  const start = `  -> ${name.padEnd(28)}`;
  const { activeConnections: active, inactiveConnections: inactive } = counters;
  const line = (...columns: [unknown, number][]) =>
    `${[start, ...columns.map(([value, width]) => String(value).padEnd(width))].join(' ')}\n`;
  switch (options.columns) {
    case 'usual':
      return line([FORWARD[server.forwarding], 7], [weight, 6], [active, 10], [inactive, 10]);
    case 'tunnel':
      return line(
        [FORWARD[server.forwarding], 7],
        [tunnelInfo(server), 13],
        [weight, 6],
        [active, 10],
        [inactive, 10],
      );
    case 'stats':
      return `${start}${totals(counters, options)}\n`;
    case 'rate':
      return `${start}${serverRates(counters, options)}\n`;
    case 'thresholds':
      return line([server.upperThreshold, 10], [server.lowerThreshold, 10], [active, 10], [inactive, 10]);
    case 'persistent':
      return line([weight, 9], [counters.persistentConnections, 11], [active, 10], [inactive, 10]);
  }
}

function tunnelInfo({ forwarding, tunnel }: ListedServer): string {
  if (forwarding !== 'TUN') return 'n/a';
  if (tunnel === undefined) return 'ipip';
  const checksum = CHECKSUM[tunnel.checksum];
  return tunnel.type === 'gue' ? `gue:${tunnel.port}:${checksum}` : `${tunnel.type}:${checksum}`;
}

function totals(counters: Counters, options: TableOptions): string {
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters;
  return [connections, inPackets, outPackets, inBytes, outBytes].map(number(options)).join('');
}

/** The first three of a server are not shortened, which nobody knows why. */
function serverRates(counters: Counters, options: TableOptions): string {
  const [connections, inPackets, outPackets, inBytes, outBytes] = rates(counters);
  const plain = [connections, inPackets, outPackets].map((value) => ` ${String(value).padStart(8)}`);
  return [...plain, ...[inBytes, outBytes].map(number(options))].join('');
}

function rates({ rates }: Counters): [bigint, bigint, bigint, bigint, bigint] {
  if (rates === undefined) return [0n, 0n, 0n, 0n, 0n];
  const { connections, inPackets, outPackets, inBytes, outBytes } = rates;
  return [BigInt(connections), BigInt(inPackets), BigInt(outPackets), BigInt(inBytes), BigInt(outBytes)];
}

/** From a hundred million on in thousands, from a thousand million on in millions, and so on. */
const SHORT: readonly { below: bigint; unit: bigint; letter: string }[] = [
  { below: 10n ** 9n, unit: 10n ** 3n, letter: 'K' },
  { below: 10n ** 11n, unit: 10n ** 6n, letter: 'M' },
  { below: 10n ** 14n, unit: 10n ** 9n, letter: 'G' },
];

function number({ exact }: TableOptions): (value: bigint) => string {
  return (value) => {
    const digits = String(value);
    if (exact) return digits.padStart(digits.length <= 8 ? 9 : digits.length + 1);
    if (value < 10n ** 8n) return digits.padStart(9);
    const { unit, letter } = SHORT.find(({ below }) => value < below) ?? { unit: 10n ** 12n, letter: 'T' };
    return `${String(value / unit).padStart(8)}${letter}`;
  };
}
