// A small network for the engine's tests, in namespaces of its own: a client, two directors, real servers, an
// outer and an inner switch. Everything has the prefix it is made with, and is gone after `remove`.
import { spawnSync } from 'node:child_process';

export function ip(...words: string[]): string {
  const result = spawnSync('ip', words, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`ip ${words.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** name → [address on the outer switch, address on the inner switch]. */
const HOSTS = {
  client: ['10.77.0.10/24', undefined],
  a: ['10.77.0.1/24', '10.77.1.1/24'],
  b: ['10.77.0.2/24', '10.77.1.2/24'],
  s1: [undefined, '10.77.1.21/24'],
  s2: [undefined, '10.77.1.22/24'],
  /** For direct routing: on the client's network, with the virtual address on its loopback. */
  d1: ['10.77.0.31/24', undefined],
} as const;
export type HostName = keyof typeof HOSTS;
export const VIP = '10.77.0.100';
/** The real servers' gateway: an address that moves with the virtual one. */
export const INNER_VIP = '10.77.1.100';

export const VIP6 = 'fd77::100';
export const INNER_VIP6 = 'fd77:1::100';
/** [interface, address] … */
const IPV6 = {
  client: [['eth0', 'fd77::10']],
  a: [
    ['eth0', 'fd77::1'],
    ['eth1', 'fd77:1::1'],
  ],
  b: [
    ['eth0', 'fd77::2'],
    ['eth1', 'fd77:1::2'],
  ],
  s1: [['eth0', 'fd77:1::21']],
  s2: [['eth0', 'fd77:1::22']],
  d1: [['eth0', 'fd77::31']],
} as const;

export class EngineNet {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.remove();
    const net = this.namespace('switch');
    ip('netns', 'add', net);
    for (const bridge of ['outer', 'inner']) {
      ip('-n', net, 'link', 'add', bridge, 'type', 'bridge');
      ip('-n', net, 'link', 'set', bridge, 'up');
    }
    for (const [name, [outer, inner]] of Object.entries(HOSTS)) {
      ip('netns', 'add', this.namespace(name));
      ip('-n', this.namespace(name), 'link', 'set', 'lo', 'up');
      if (outer) this.#wire(name, 'outer', 'eth0', outer);
      if (inner) this.#wire(name, 'inner', outer ? 'eth1' : 'eth0', inner);
    }
    ip('-n', this.namespace('d1'), 'addr', 'add', `${VIP}/32`, 'dev', 'lo');
    for (const key of ['arp_ignore=1', 'arp_announce=2']) {
      this.exec('d1', 'sysctl', '-qw', `net.ipv4.conf.all.${key}`);
    }
    for (const server of ['s1', 's2']) {
      ip('-n', this.namespace(server), 'route', 'add', 'default', 'via', INNER_VIP);
    }
  }

  /** IPv6 beside IPv4. */
  withIpv6(): this {
    for (const [name, pairs] of Object.entries(IPV6)) {
      for (const [device, address] of pairs) {
        ip('-n', this.namespace(name), 'addr', 'add', `${address}/64`, 'dev', device, 'nodad');
      }
    }
    ip('-n', this.namespace('d1'), 'addr', 'add', `${VIP6}/128`, 'dev', 'lo', 'nodad');
    for (const server of ['s1', 's2']) {
      ip('-n', this.namespace(server), 'route', 'add', 'default', 'via', INNER_VIP6);
    }
    return this;
  }

  namespace(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  /** Runs a program in a host to its end; its output. */
  exec(name: HostName, ...command: string[]): string {
    return ip('netns', 'exec', this.namespace(name), ...command);
  }

  /** Pulls every cable of a host. */
  unplug(name: HostName): void {
    for (const port of [`${name}-outer`, `${name}-inner`]) {
      ip('-n', this.namespace('switch'), 'link', 'set', port, 'down');
    }
  }

  remove(): void {
    const known = ip('netns', 'list').split('\n');
    for (const name of ['switch', ...Object.keys(HOSTS)]) {
      const namespace = this.namespace(name);
      if (known.some((line) => line.split(' ')[0] === namespace)) ip('netns', 'del', namespace);
    }
  }

  #wire(host: string, bridge: string, name: string, address: string): void {
    const net = this.namespace('switch');
    const port = `${host}-${bridge}`;
    ip('-n', net, 'link', 'add', port, 'type', 'veth', 'peer', 'name', name, 'netns', this.namespace(host));
    ip('-n', net, 'link', 'set', port, 'master', bridge, 'up');
    ip('-n', this.namespace(host), 'addr', 'add', address, 'dev', name);
    ip('-n', this.namespace(host), 'link', 'set', name, 'up');
  }
}
