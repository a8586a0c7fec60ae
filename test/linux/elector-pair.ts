// Two network namespaces joined by a veth pair, and who lives in them: an elector of ours in `a`, a real
// keepalived in `b`, tcpdump beside it. Everything is ended and removed again.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { address } from '../../src/core/address.ts';
import type {
  ElectorCommand,
  ElectorReport,
  ElectorSettings,
  InstanceSettings,
} from '../../src/vrrp/settings.ts';

export const DEVICE = 'v0';
export const VIP = '10.1.0.100';
export const ADDRESS = { a: '10.1.0.1', b: '10.1.0.2' } as const;
export type Side = keyof typeof ADDRESS;
const PROGRAM = fileURLToPath(new URL('./elector-program.ts', import.meta.url));

export function instance(own: Partial<InstanceSettings> = {}): InstanceSettings {
  return {
    name: 'VI_1',
    interface: DEVICE,
    vrid: 51,
    priority: 150,
    version: 3,
    advertMs: 100,
    downAdverts: 3,
    checksumForm: 'pseudo-header',
    initialState: 'BACKUP',
    preempt: true,
    preemptDelayMs: 0,
    multicastGroup: address('224.0.0.18'),
    unicastPeers: [],
    vips: [{ address: address(VIP), prefixLength: 24, interface: DEVICE, scope: 0 }],
    excludedVips: [],
    trackInterfaces: [],
    weightedInterfaces: [],
    tracks: [],
    garp: { delayMs: 5000, repeat: 5, refreshMs: 60_000, refreshRepeat: 1 },
    ...own,
  };
}
export function settings(
  own: Partial<InstanceSettings> = {},
  more: Partial<ElectorSettings> = {},
): ElectorSettings {
  return { instances: [instance(own)], realtimePriority: 10, leaseSeconds: 5, addresses: 'kernel', ...more };
}

/** In the lab guest a Node alone takes seconds to start. */
const PATIENCE_MS = process.env.LAB_OUT === undefined ? 15_000 : 30_000;

export async function until<T>(
  what: string,
  find: () => T | undefined | false,
  limitMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Pair {
  readonly #prefix: string;
  readonly #scratch = mkdtempSync(`${tmpdir()}/vrrp-`);
  readonly #living = new Set<ChildProcess>();
  #files = 0;
  #hasClient = false;

  /** `name`: another one for a second pair at the same time. */
  constructor(name = 'vrrp') {
    this.#prefix = `${name}-${process.pid}`;
    const [a, b] = [this.#namespace('a'), this.#namespace('b')];
    ip('netns', 'add', a);
    ip('netns', 'add', b);
    ip('-n', a, 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', b);
    for (const side of ['a', 'b'] as const) {
      this.ip(side, 'link', 'set', 'lo', 'up');
      this.ip(side, 'link', 'set', DEVICE, 'up');
      this.ip(side, 'addr', 'add', `${ADDRESS[side]}/24`, 'dev', DEVICE);
    }
  }

  ip(side: Side | 'c', ...words: string[]): string {
    return ip('-n', this.#namespace(side), ...words);
  }
  /** A file of /proc, as the namespace sees it. */
  read(side: Side, path: string): string {
    const words = ['netns', 'exec', this.#namespace(side), 'cat', path];
    return ip(...words).trim();
  }
  /** Whether somebody holds the UDP port; sockets for both families are in the IPv6 table. */
  listens(side: Side, port: number): boolean {
    const local = new RegExp(`^ *\\d+: \\S+:${port.toString(16).padStart(4, '0').toUpperCase()} `, 'm');
    return ['udp', 'udp6'].some((table) => local.test(this.read(side, `/proc/net/${table}`)));
  }
  /** Of the device, as `ip -j` tells it; undefined when it is not there. */
  addressOf(side: Side, value: string): { valid_life_time: number; preferred_life_time: number } | undefined {
    const [device] = JSON.parse(this.ip(side, '-j', 'addr', 'show', 'dev', DEVICE));
    return device.addr_info.find((info: { local: string }) => info.local === value);
  }
  has(side: Side, value: string = VIP): boolean {
    return this.addressOf(side, value) !== undefined;
  }

  elector(first: ElectorSettings, side: Side = 'a', wrapper: string[] = []): Ours {
    const child = this.run(side, [...wrapper, process.execPath, PROGRAM]);
    const ours = new Ours(child);
    ours.send({ type: 'configure', settings: first });
    return ours;
  }
  guardian(of: ElectorSettings, masters: string[]): void {
    const words = [process.execPath, PROGRAM, JSON.stringify({ settings: of, masters })];
    execFileSync('ip', ['netns', 'exec', this.#namespace('a'), ...words]);
  }
  /** `lines` are those of the instance. */
  keepalived(
    lines: string[],
    version: 2 | 3 = 3,
    vips: string | readonly string[] = `${VIP}/24`,
  ): Keepalived {
    const body = ['state BACKUP', `interface ${DEVICE}`, 'virtual_router_id 51', ...lines];
    const vip = [vips].flat().map((each) => `${each} dev ${DEVICE}\n`);
    const head = `global_defs {\nvrrp_version ${version}\n}\n`;
    const block = `virtual_ipaddress {\n${vip.join('')}}`;
    return this.keepalivedWith(`${head}vrrp_instance K {\n${body.join('\n')}\n${block}\n}\n`);
  }
  /** `text`: a whole configuration file. */
  keepalivedWith(text: string, side: Side = 'b'): Keepalived {
    const file = (name: string) => `${this.#scratch}/${this.#files}.${name}`;
    this.#files++;
    writeFileSync(file('conf'), text);
    const files = ['-f', file('conf'), '-p', file('pid'), '-r', file('vrrp'), '-c', file('checkers')];
    return new Keepalived(this.run(side, ['keepalived', '-n', '-l', '-G', '-D', '-P', ...files]));
  }
  /** What is on the wire, as tcpdump prints it. */
  async capture(
    filter: string,
    device = DEVICE,
    more: readonly string[] = [],
    side: Side | 'c' = 'b',
  ): Promise<Capture> {
    const child = this.run(side, ['tcpdump', ...more, '-i', device, '-l', '-n', '-e', '-tt', filter]);
    const capture = new Capture(child);
    await until('tcpdump', () => capture.errors.includes('listening'));
    return capture;
  }

  /** Of a command that ends by itself, whatever its exit code. */
  async output(side: Side | 'c', command: string[]): Promise<string> {
    const child = this.run(side, command);
    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return text;
  }
  run(side: Side | 'c', command: string[]): ChildProcess {
    // A process group of its own, so that all of it can be killed in one go.
    const child = spawn('ip', ['netns', 'exec', this.#namespace(side), ...command], { detached: true });
    this.#living.add(child);
    child.once('exit', () => this.#living.delete(child));
    return child;
  }
  async end(): Promise<void> {
    for (const child of [...this.#living]) {
      kill(child);
      await until('the end of a process', () => !this.#living.has(child));
    }
  }
  /** `v1` beside the device, with the next network. */
  secondLink(): void {
    const [a, b] = [this.#namespace('a'), this.#namespace('b')];
    ip('-n', a, 'link', 'add', 'v1', 'type', 'veth', 'peer', 'name', 'v1', 'netns', b);
    for (const side of ['a', 'b'] as const) {
      this.ip(side, 'link', 'set', 'v1', 'up');
      this.ip(side, 'addr', 'add', `${ADDRESS[side].replace('10.1.', '10.2.')}/24`, 'dev', 'v1');
    }
  }
  /** A third host, `c`, on the same link: the bridge that joins the two is its device. */
  addClient(own: string): void {
    const c = this.#namespace('c');
    ip('netns', 'add', c);
    ip('-n', c, 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    ip('-n', c, 'addr', 'add', own, 'dev', 'br0');
    this.ip('a', 'link', 'del', DEVICE);
    for (const side of ['a', 'b'] as const) {
      const far = ['peer', 'name', `to-${side}`, 'netns', c];
      ip('link', 'add', DEVICE, 'netns', this.#namespace(side), 'type', 'veth', ...far);
      ip('-n', c, 'link', 'set', `to-${side}`, 'master', 'br0', 'up');
      this.ip(side, 'link', 'set', DEVICE, 'up');
      this.ip(side, 'addr', 'add', `${ADDRESS[side]}/24`, 'dev', DEVICE);
    }
    ip('-n', c, 'link', 'set', 'br0', 'up');
    this.#hasClient = true;
  }
  /** Of a pair with a client: `a` and `b` do not reach each other, the client reaches both. */
  part(isParted: boolean): void {
    for (const side of ['a', 'b'])
      ip(
        '-n',
        this.#namespace('c'),
        'link',
        'set',
        'dev',
        `to-${side}`,
        'type',
        'bridge_slave',
        'isolated',
        isParted ? 'on' : 'off',
      );
  }
  /** No advert gets through to (`input`) or from (`output`) `b`, though the links are up. */
  async split(...hooks: ('input' | 'output')[]): Promise<void> {
    const chain = (hook: string) =>
      `chain ${hook} { type filter hook ${hook} priority 0; ip protocol 112 drop; };`;
    await this.output('b', ['nft', `table ip split { ${hooks.map(chain).join(' ')} }`]);
  }
  async heal(): Promise<void> {
    await this.output('b', ['nft', 'delete table ip split']);
  }
  /** Ends what still lives and takes every address of a test away. */
  async clear(): Promise<void> {
    await this.end();
    await this.heal();
    for (const side of ['a', 'b'] as const) {
      this.ip(side, 'link', 'set', DEVICE, 'up');
      this.ip(side, 'addr', 'flush', 'dev', DEVICE, 'scope', 'global');
      this.ip(side, 'addr', 'add', `${ADDRESS[side]}/24`, 'dev', DEVICE);
    }
  }
  async remove(): Promise<void> {
    try {
      for (const child of [...this.#living]) kill(child);
    } finally {
      ip('netns', 'del', this.#namespace('a'));
      ip('netns', 'del', this.#namespace('b'));
      if (this.#hasClient) ip('netns', 'del', this.#namespace('c'));
      rmSync(this.#scratch, { recursive: true });
    }
  }
  #namespace(side: Side | 'c'): string {
    return `${this.#prefix}-${side}`;
  }
}

export class Ours {
  readonly reports: ElectorReport[] = [];
  readonly child: ChildProcess;
  exitCode: number | null | undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    lines(child, 'stdout', (line) => this.reports.push(JSON.parse(line)));
    child.stderr!.on('data', (bytes) => process.stderr.write(bytes));
    child.once('exit', (code) => {
      this.exitCode = code;
    });
  }
  send(command: ElectorCommand | 'exit'): void {
    this.child.stdin!.write(`${command === 'exit' ? command : JSON.stringify(command)}\n`);
  }
  /** Names of the states entered, in order. */
  get states(): string[] {
    return this.reports.flatMap((report) => (report.type === 'state' ? [report.to] : []));
  }
  get notices(): string[] {
    return this.reports.flatMap((report) => (report.type === 'notice' ? [report.notice.message] : []));
  }
  async is(state: string): Promise<void> {
    await until(`our ${state}`, () => this.states.at(-1) === state).catch((error: Error) => {
      throw new Error(`${error.message}; we were ${this.states.join(', ')}`);
    });
  }
  async ended(): Promise<void> {
    await until('our end', () => this.exitCode !== undefined);
  }
  kill(): void {
    kill(this.child);
  }
}

export class Keepalived {
  readonly log: string[] = [];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of ['stdout', 'stderr'] as const) lines(child, stream, (line) => this.log.push(line));
  }
  async says(what: string): Promise<void> {
    await until(`keepalived's "${what}"`, () => this.log.some((line) => line.includes(what))).catch(
      (error) => {
        throw new Error(`${error.message}\n${this.log.join('\n')}`);
      },
    );
  }
  forget(): void {
    this.log.length = 0;
  }
  /** Planned: priority 0. */
  stop(): void {
    process.kill(this.#child.pid!, 'SIGTERM');
  }
  /** All of it at once, without a word. */
  kill(): void {
    kill(this.#child);
  }
}

export class Capture {
  readonly lines: string[] = [];
  errors = '';
  constructor(child: ChildProcess) {
    lines(child, 'stdout', (line) => this.lines.push(line));
    child.stderr!.on('data', (bytes) => {
      this.errors += bytes;
    });
  }
  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}

function lines(child: ChildProcess, stream: 'stdout' | 'stderr', take: (line: string) => void): void {
  let rest = '';
  child[stream]!.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const line of parts) take(line);
  });
}
function kill(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
