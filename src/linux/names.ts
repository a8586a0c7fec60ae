// Names of addresses and ports, as the C library's gethostbyaddr() and getservbyport() know them.
import { lookup, lookupService } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { type Address, parseAddress } from '../core/address.ts';
import type { Names } from '../ipvs/ipvsadm/names.ts';

const SERVICES = '/etc/services';

/** What has no name, or none that somebody tells, keeps its number. */
export class LookedUp implements Names {
  readonly #hosts = new Map<Address, string | undefined>();
  readonly #services = readServices().byPort;

  /** Each address is asked for once. */
  async lookUp(addresses: Iterable<Address>): Promise<void> {
    const unknown = [...new Set(addresses)].filter((address) => !this.#hosts.has(address));
    await Promise.all(unknown.map(async (address) => this.#hosts.set(address, await hostOfAddress(address))));
  }

  host(address: Address): string | undefined {
    return this.#hosts.get(address);
  }
  service(port: number, protocol: string): string | undefined {
    return this.#services.get(`${port}/${protocol}`);
  }
}

async function hostOfAddress(address: Address): Promise<string | undefined> {
  try {
    return (await lookupService(address, 0)).hostname;
  } catch {
    return undefined;
  }
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
