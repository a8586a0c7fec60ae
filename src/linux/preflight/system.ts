// What `lvs-director doctor` looks at of this machine: modules, settings, ways to real servers. Decides
// nothing.
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Address } from '../../core/address.ts';
import type { Way } from '../../director/preflight/asking.ts';
import type { Presence, System } from '../../director/preflight/doctor.ts';
import type { NetlinkSocket } from '../netlink-socket.ts';
import { readSysctl } from '../sysctl.ts';
import { readHost, readLinks } from './host.ts';
import { findWay } from './ways.ts';

/** `virtual`: addresses of services, which are no source to ask from. */
export function readSystem(
  requests: NetlinkSocket,
  servers: readonly Address[],
  virtual: ReadonlySet<Address>,
): System {
  const [host, links] = [readHost(requests), readLinks(requests)];
  const ways = new Map<Address, Way>();
  for (const server of new Set(servers)) {
    const way = findWay(server, requests, { host, links, virtual });
    if (way !== undefined) ways.set(server, way);
  }
  const kernel = release();
  const index = moduleIndex(kernel);
  return {
    host,
    kernel,
    hasIpvs: existsSync('/proc/self/net/ip_vs'),
    module: (name) => presenceOf(name, index),
    sysctl: readSysctl,
    ways,
  };
}

/**
 * Names of modules that could be loaded, and of those that are built in; undefined = there is no index of
 * this kernel.
 */
function moduleIndex(kernel: string): ReadonlyMap<string, 'available' | 'loaded'> | undefined {
  const found = new Map<string, 'available' | 'loaded'>();
  for (const [file, presence] of [
    ['modules.dep', 'available'],
    ['modules.builtin', 'loaded'],
  ] as const)
    try {
      const lines = readFileSync(`/lib/modules/${kernel}/${file}`, 'latin1').split('\n');
      for (const line of lines) {
        const name = /([^/:]+)\.ko/.exec(line)?.[1];
        if (name !== undefined) found.set(name.replaceAll('-', '_'), presence);
      }
    } catch {
      // No such kernel's modules here, as in a container.
    }
  return found.size === 0 ? undefined : found;
}

function presenceOf(name: string, index: ReturnType<typeof moduleIndex>): Presence {
  if (existsSync(`/sys/module/${name}`)) return 'loaded';
  return index === undefined ? undefined : (index.get(name) ?? 'missing');
}
