// Names of addresses and ports, as the C library's gethostbyaddr() and getservbyport() know them.
import { lookup, lookupService } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { type Address, parseAddress } from '../core/address.ts';
import type { Names } from '../ipvs/ipvsadm/names.ts';

const SERVICES = '/etc/services';

/** Looks up each address once. What has no name, or none that somebody tells, keeps its number. */
export async function lookUpNames(addresses: Iterable<Address>): Promise<Names> {
  const hosts = new Map<Address, string>();
  const found = [...new Set(addresses)].map(async (address) => {
    try {
      hosts.set(address, (await lookupService(address, 0)).hostname);
    } catch {} // no name
  });
  await Promise.all(found);
  const services = readServices();
  return {
    host: (address) => hosts.get(address),
    service: (port, protocol) => services.byPort.get(`${port}/${protocol}`),
  };
}

/** The first IPv4 address of a host; undefined when there is none. */
export async function addressOfHost(host: string): Promise<Address | undefined> {
  try {
    return parseAddress((await lookup(host, { family: 4 })).address);
  } catch {
    return undefined;
  }
}

export function portOfService(name: string, protocol: string): number | undefined {
  return readServices().byName.get(`${name}/${protocol}`);
}

/** The first entry of a port is its name; each entry's aliases are names for a port. */
function readServices(): { byPort: Map<string, string>; byName: Map<string, number> } {
  const byPort = new Map<string, string>();
  const byName = new Map<string, number>();
  for (const line of readOrNothing(SERVICES).split('\n')) {
    const [name, at, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [port, protocol] = at?.split('/') ?? [];
    if (name === undefined || port === undefined || protocol === undefined) continue;
    if (!byPort.has(`${port}/${protocol}`)) byPort.set(`${port}/${protocol}`, name);
    for (const each of [name, ...aliases]) byName.set(`${each}/${protocol}`, Number(port));
  }
  return { byPort, byName };
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
