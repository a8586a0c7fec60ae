// Three namespaces in a row, a source of packets, a director and a sink, and what runs in them: the load, the
// engine, the bare C loop. Says what arrived and what that cost; judges nothing.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EngineStatistics } from '../../../src/ipvs/plane.ts';

const DIRECTOR = new URL('./director.ts', import.meta.url).pathname;
const PREFIX = 'fwdbench';
const VIP = { 4: '10.78.0.100', 6: '2001:db8:78::100' } as const;
const SERVER = { 4: '10.78.1.21', 6: '2001:db8:78:1::21' } as const;
const ENGINE_MAC = { 4: '00:00:5e:00:01:33', 6: '00:00:5e:00:02:33' } as const;
/** A virtual router that the engine does not have: its filter keeps these from it. */
const C_MAC = '00:00:5e:00:01:44';
/** Nobody's: frames to it are dropped by the kernel first thing, so that no receiver adds to the cost. */
const SERVER_MAC = '02:00:00:00:00:99';
const SERVER_PORT = 5300;
const DELAY_SECONDS = 2;
/** NAT and direct routing over IPv4, NAT over IPv6, each with its connections. */
const MODES = 3;

export type Mode = 'nat' | 'dr' | 'nat6';
const PORT = { nat: 53, dr: 54, nat6: 53 };
export const familyOf = (mode: Mode) => (mode === 'nat6' ? 6 : 4);
export type Load = {
  rate: number;
  seconds: number;
  /** One client after the other, or each time any of them. */
  clients: 'each' | 'any';
};
export type Figure = { frames: number; cpuUs: number; perSecond: number };
/** Microseconds from namespace to namespace. */
export type Delay = { p50: number; p99: number };
/** Where frames go to be forwarded, and by which process. */
export type Way = { mac: string; address: string; port: number; pid?: number };

function output(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
const ip = (...words: string[]) => output('ip', ...words);
const inside = (name: string, ...words: string[]) =>
  output('ip', 'netns', 'exec', `${PREFIX}-${name}`, ...words);

/** The engine as it runs, and the ways through it. */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }
  async ready(): Promise<this> {
    await this.#answers.next();
    return this;
  }
  way(mode: Mode): Way {
    const family = familyOf(mode);
    return { mac: ENGINE_MAC[family], address: VIP[family], port: PORT[mode], pid: this.#child.pid! };
  }
  async statistics(): Promise<EngineStatistics> {
    this.#child.stdin!.write('\n');
    return JSON.parse((await this.#answers.next()).value) as EngineStatistics;
  }
  end(): Promise<void> {
    return ended(this.#child);
  }
}

export class Machines {
  readonly #folder = mkdtempSync(join(tmpdir(), 'forward-bench-'));
  readonly #children: ChildProcess[] = [];
  readonly #clients: number;

  /** `clients`: of each mode, and so the engine's connections. */
  constructor(clients: number) {
    this.#clients = clients;
    for (const name of ['forward', 'blast', 'delay']) {
      output('cc', '-O2', '-o', this.#program(name), join(import.meta.dirname, `${name}.c`));
    }
    this.#removeNamespaces();
    for (const name of ['src', 'dir', 'dst']) ip('netns', 'add', `${PREFIX}-${name}`);
    this.#wire('src', 'in0', '10.78.0.1/24', '2001:db8:78::1/64');
    this.#wire('dst', 'out0', '10.78.1.1/24', '2001:db8:78:1::1/64');
    ip('-n', `${PREFIX}-dir`, 'neigh', 'add', SERVER[4], 'lladdr', SERVER_MAC, 'dev', 'out0');
    ip('-n', `${PREFIX}-dir`, 'route', 'add', '10.79.0.0/16', 'dev', 'in0');
  }

  async engine(): Promise<EngineProcess> {
    for (const family of [4, 6] as const) {
      this.#start('dst', this.#program('blast'), 'claim', 'eth0', SERVER_MAC, SERVER[family]);
    }
    const words = [`${MODES * this.#clients}`, VIP[4], SERVER[4], VIP[6], SERVER[6]];
    return new EngineProcess(this.#start('dir', process.execPath, DIRECTOR, ...words)).ready();
  }

  /** While `work` runs the bare C loop forwards. */
  async withBareLoop<T>(mode: Mode, work: (way: Way) => Promise<T>): Promise<T> {
    const family = familyOf(mode);
    const method = mode === 'dr' ? 'dr' : 'nat';
    const words = ['in0', 'out0', method, SERVER_MAC, ENGINE_MAC[family], SERVER[family], `${SERVER_PORT}`];
    const child = this.#start('dir', this.#program('forward'), ...words);
    await once(child.stdout!, 'data');
    const result = await work({ mac: C_MAC, address: VIP[family], port: PORT[mode], pid: child.pid! });
    await ended(child);
    return result;
  }

  /** The kernel's own: it routes to the server, which nobody puts in the address's place. */
  kernelWay(): Way {
    inside('dir', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const [link] = JSON.parse(ip('-n', `${PREFIX}-dir`, '-j', 'link', 'show', 'in0'));
    return { mac: link.address, address: SERVER[4], port: SERVER_PORT };
  }

  /** Frames for a while; what arrived behind the forwarder, and what that cost it. */
  async measure(way: Way, { rate, clients, seconds }: Load): Promise<Figure> {
    const before = { cpuNs: cpuNs(way.pid), frames: this.#arrived() };
    const words = [way.mac, way.address, `${way.port}`, `${rate}`, `${seconds}`, `${this.#clients}`, clients];
    const load = this.#start('src', this.#program('blast'), 'eth0', ...words);
    await once(load, 'exit');
    // What is still in the forwarder's socket counts as well.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const frames = this.#arrived() - before.frames;
    return { frames, cpuUs: (cpuNs(way.pid) - before.cpuNs) / frames / 1000, perSecond: frames / seconds };
  }

  delay({ mac, address, port }: Way): Delay {
    const ends = ['src', 'dst'].flatMap((name) => [`/run/netns/${PREFIX}-${name}`, 'eth0']);
    const said = output(this.#program('delay'), ...ends, mac, address, `${port}`, `${DELAY_SECONDS}`);
    const [p50, p99] = said.split(' ').map(Number);
    return { p50: p50!, p99: p99! };
  }

  async remove(): Promise<void> {
    for (const child of this.#children) await ended(child);
    this.#removeNamespaces();
    rmSync(this.#folder, { recursive: true });
  }

  #start(name: string, command: string, ...words: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', `${PREFIX}-${name}`, command, ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }
  #program(name: string): string {
    return join(this.#folder, name);
  }
  #arrived(): number {
    return Number(inside('dst', 'cat', '/sys/class/net/eth0/statistics/rx_packets'));
  }
  #wire(host: string, name: string, ...addresses: string[]): void {
    const [here, there] = [`${PREFIX}-dir`, `${PREFIX}-${host}`];
    ip('-n', here, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there);
    for (const address of addresses) {
      ip('-n', here, 'addr', 'add', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : []));
    }
    ip('-n', here, 'link', 'set', name, 'up');
    ip('-n', there, 'link', 'set', 'eth0', 'up');
  }
  #removeNamespaces(): void {
    const known = ip('netns', 'list').split('\n');
    for (const name of ['src', 'dir', 'dst']) {
      const namespace = `${PREFIX}-${name}`;
      if (known.some((line) => line.split(' ')[0] === namespace)) ip('netns', 'del', namespace);
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** On a processor, all threads together. */
function cpuNs(pid: number | undefined): number {
  if (pid === undefined) return 0;
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );
}
