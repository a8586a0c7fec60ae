// What a forwarded packet costs: the embedded engine beside a bare C loop on the same sockets, NAT and direct
// routing, 4,000 clients; and packets a second, as fast as the load comes, beside the kernel's own
// forwarding. Namespaces of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Row, row } from './row.ts';

const HERE = join(import.meta.dirname, 'forward');
const DIRECTOR = new URL('./forward/director.ts', import.meta.url).pathname;
const PREFIX = 'fwdbench';
const VIP = '10.78.0.100';
const SERVER = '10.78.1.21';
const ENGINE_MAC = '00:00:5e:00:01:33';
/** A virtual router that the engine does not have: its filter keeps these from it. */
const C_MAC = '00:00:5e:00:01:44';
/** Nobody's: frames to it are dropped by the kernel first thing, so that no receiver adds to the cost. */
const SERVER_MAC = '02:00:00:00:00:99';
const RATE = 60_000;
const SECONDS = 0.25;
/** Unmeasured at first: neighbours are asked for, connections opened, the hot code compiled. */
const WARM_SECONDS = 2;
/** The cheapest round of each counts: what others do on the machine only ever adds. */
const ROUNDS = 8;
const AS_FAST_AS_IT_GOES = 0;

type Mode = 'nat' | 'dr';
const PORT = { nat: 53, dr: 54 };
type Figure = { cpuUs: number; perSecond: number };

function output(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
const ip = (...words: string[]) => output('ip', ...words);
const inside = (name: string, ...words: string[]) =>
  output('ip', 'netns', 'exec', `${PREFIX}-${name}`, ...words);

class Bench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'forward-bench-'));
  readonly #children: ChildProcess[] = [];
  readonly inMac: string;

  constructor() {
    for (const name of ['forward', 'blast']) {
      output('cc', '-O2', '-o', join(this.#folder, name), join(HERE, `${name}.c`));
    }
    this.#removeNamespaces();
    for (const name of ['src', 'dir', 'dst']) ip('netns', 'add', `${PREFIX}-${name}`);
    this.#wire('src', 'in0', '10.78.0.1/24');
    this.#wire('dst', 'out0', '10.78.1.1/24');
    ip('-n', `${PREFIX}-dir`, 'neigh', 'add', SERVER, 'lladdr', SERVER_MAC, 'dev', 'out0');
    const [link] = JSON.parse(ip('-n', `${PREFIX}-dir`, '-j', 'link', 'show', 'in0'));
    this.inMac = link.address;
  }

  start(name: string, command: string, ...words: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', `${PREFIX}-${name}`, command, ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }
  program(name: string): string {
    return join(this.#folder, name);
  }

  async engine(): Promise<ChildProcess> {
    this.start('dst', this.program('blast'), 'claim', 'eth0', SERVER_MAC, SERVER);
    const child = this.start('dir', process.execPath, DIRECTOR, VIP, SERVER);
    await once(child.stdout!, 'data');
    return child;
  }
  async bareLoop(mode: Mode): Promise<ChildProcess> {
    const words = ['in0', 'out0', mode, SERVER_MAC, ENGINE_MAC, SERVER, '5300'];
    const child = this.start('dir', this.program('forward'), ...words);
    await once(child.stdout!, 'data');
    return child;
  }

  /** Frames for a while; what arrived behind the forwarder, and what that cost it. */
  async measure(
    to: { mac: string; address: string; port: number; rate: number },
    pid?: number,
  ): Promise<Figure> {
    const before = { cpuNs: pid === undefined ? 0 : cpuNs(pid), frames: this.#arrived() };
    const words = ['eth0', to.mac, '10.78.0.10', to.address, `${to.port}`, `${to.rate}`, `${SECONDS}`];
    const load = this.start('src', this.program('blast'), ...words);
    await once(load, 'exit');
    // What is still in the forwarder's socket counts as well.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const frames = this.#arrived() - before.frames;
    const spentNs = pid === undefined ? 0 : cpuNs(pid) - before.cpuNs;
    return { cpuUs: spentNs / frames / 1000, perSecond: frames / SECONDS };
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    this.#removeNamespaces();
    rmSync(this.#folder, { recursive: true });
  }

  #arrived(): number {
    return Number(inside('dst', 'cat', '/sys/class/net/eth0/statistics/rx_packets'));
  }
  #wire(host: string, name: string, address: string): void {
    const [here, there] = [`${PREFIX}-dir`, `${PREFIX}-${host}`];
    ip('-n', here, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there);
    ip('-n', here, 'addr', 'add', address, 'dev', name);
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

/** On a processor, all threads together. */
function cpuNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );
}

async function bare(bench: Bench, mode: Mode, rate: number): Promise<Figure> {
  const child = await bench.bareLoop(mode);
  const figure = await bench.measure({ mac: C_MAC, address: VIP, port: PORT[mode], rate }, child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return figure;
}

export async function run(): Promise<Row[]> {
  const bench = new Bench();
  try {
    const engine = await bench.engine();
    const ours = (mode: Mode, rate: number) =>
      bench.measure({ mac: ENGINE_MAC, address: VIP, port: PORT[mode], rate }, engine.pid);
    for (const mode of ['nat', 'dr'] as const) {
      for (let spent = 0; spent < WARM_SECONDS; spent += SECONDS) await ours(mode, RATE);
    }
    const cost = {
      nat: { ours: [] as number[], bare: [] as number[] },
      dr: { ours: [] as number[], bare: [] as number[] },
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const mode of ['nat', 'dr'] as const) {
        cost[mode].bare.push((await bare(bench, mode, RATE)).cpuUs);
        cost[mode].ours.push((await ours(mode, RATE)).cpuUs);
      }
    }
    const fast = {
      ours: await ours('nat', AS_FAST_AS_IT_GOES),
      bare: await bare(bench, 'nat', AS_FAST_AS_IT_GOES),
    };
    inside('dir', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const kernel = await bench.measure({
      mac: bench.inMac,
      address: SERVER,
      port: 5300,
      rate: AS_FAST_AS_IT_GOES,
    });
    const costRow = (mode: Mode, name: string) =>
      row({
        name: `CPU per forwarded packet, ${name} (theirs: a bare C loop)`,
        ours: Math.min(...cost[mode].ours),
        theirs: Math.min(...cost[mode].bare),
        unit: 'µs',
        bound: 'ratio ≤ 1.5',
      });
    return [
      costRow('nat', 'NAT'),
      costRow('dr', 'direct routing'),
      row({
        name: 'forwarded, load as fast as it comes (theirs: a bare C loop)',
        ours: fast.ours.perSecond,
        theirs: fast.bare.perSecond,
        unit: 'packets/s',
      }),
      row({
        name: 'forwarded, load as fast as it comes (theirs: the kernel’s ip_forward)',
        ours: fast.ours.perSecond,
        theirs: kernel.perSecond,
        unit: 'packets/s',
      }),
    ];
  } finally {
    await bench.remove();
  }
}
