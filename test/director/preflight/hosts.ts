// Machines as values, and what the steps of `realserver apply` make of them: what a kernel would.
import { address } from '../../../src/core/address.ts';
import type { Duty } from '../../../src/director/preflight/duties.ts';
import type { Host, HostLink } from '../../../src/director/preflight/host.ts';
import { hostLength, type Step } from '../../../src/director/preflight/steps.ts';

export const SERVER = address('10.0.0.21');
export const VIP = address('10.0.0.50');
export const GATEWAY = address('10.0.0.1');

const LO: HostLink = { name: 'lo', up: true, loopback: true, mtu: 65536 };
export const ETH: HostLink = { name: 'eth0', up: true, loopback: false, mtu: 1500, mac: '02:00:00:00:00:15' };

export function host(own: Partial<Host> = {}): Host {
  return {
    links: [LO, ETH],
    addresses: [
      { interface: 'lo', prefix: { address: address('127.0.0.1'), length: 8 }, scope: 254 },
      { interface: 'eth0', prefix: { address: SERVER, length: 24 }, scope: 0 },
    ],
    routes: [],
    sysctls: new Map(),
    listeners: [{ protocol: 'TCP', port: 80 }],
    ...own,
  };
}

export function duty(own: Partial<Duty> = {}): Duty {
  return {
    server: SERVER,
    serverPort: 80,
    vip: VIP,
    port: 80,
    protocol: 'TCP',
    method: { forwarding: 'DR' },
    service: 'TCP 10.0.0.50:80',
    ...own,
  };
}

export function carryOut(steps: readonly Step[], before: Host): Host {
  return steps.reduce(after, before);
}

function after(before: Host, step: Step): Host {
  switch (step.do) {
    case 'setSysctl':
    case 'initSysctl':
      return { ...before, sysctls: new Map([...before.sysctls, [step.path, step.value]]) };
    case 'addTunnel': {
      const { name, kind, local } = step.tunnel;
      const link: HostLink = { name, kind, up: true, loopback: false, mtu: 1480, tunnel: { local } };
      const value = before.sysctls.get('ipv4/conf/default/rp_filter') ?? '0';
      const sysctls = new Map([...before.sysctls, [`ipv4/conf/${name}/rp_filter`, value]]);
      return { ...before, links: [...before.links, link], sysctls };
    }
    case 'setLinkUp': {
      const links = before.links.map((link) => (link.name === step.name ? { ...link, up: true } : link));
      return { ...before, links };
    }
    case 'addAddress': {
      const prefix = { address: step.address, length: hostLength(step.address) };
      return { ...before, addresses: [...before.addresses, { interface: step.interface, prefix, scope: 0 }] };
    }
    case 'setRoute': {
      const others = before.routes.filter(
        ({ family, priority }) => family !== step.route.family || priority !== step.route.priority,
      );
      const routes = [step.route, ...others].toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
      return { ...before, routes };
    }
  }
}
