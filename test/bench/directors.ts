// Two directors of one program, as an operator would start them, in two namespaces of this machine: `a` is
// the better one. And what was on the wire between them, by the kernel's time stamps.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capture, DEVICE, Pair, type Side, until } from '../linux/elector-pair.ts';
import { directorCommand, type Program } from './link.ts';

const PRIORITY: Readonly<Record<Side, number>> = { a: 150, b: 100 };
/** Without the limit keepalived's of 10 ms ends its own process while 255 routers begin. */
const REALTIME = 'vrrp_rt_priority 50\nvrrp_rlimit_rttime 1000000\n';
const START_WITHIN_MS = 60_000;

/** One virtual router, what of it is the same everywhere left out. */
export type Router = { name: string; vrid: number; advertSeconds: number; vip: string };

export class Directors {
  readonly pair: Pair;
  readonly #program: Program;
  readonly #routers: readonly Router[];
  readonly #scratch = mkdtempSync(join(tmpdir(), 'lvs-director-bench-'));
  readonly #running = new Map<Side, ChildProcess>();

  constructor(program: Program, routers: readonly Router[]) {
    this.pair = new Pair(program.slice(0, 4));
    this.#program = program;
    this.#routers = routers;
  }

  /** As after a reboot: pid files of a former one would keep keepalived from starting. */
  start(side: Side): void {
    const directory = join(this.#scratch, side);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    const file = join(directory, 'keepalived.conf');
    writeFileSync(file, this.#configuration(side, directory));
    const child = this.pair.run(side, directorCommand(this.#program, file, directory));
    for (const stream of [child.stdout!, child.stderr!]) stream.resume();
    this.#running.set(side, child);
  }

  /** Both run, and `a` has the address of every router. */
  async started(): Promise<void> {
    this.start('a');
    this.start('b');
    await this.isMaster('a');
  }

  /** With every address, and the other one with none. */
  async isMaster(side: Side): Promise<void> {
    const other = side === 'a' ? 'b' : 'a';
    const last = this.#routers.at(-1)!;
    const counts = () => [this.#held(side), this.#held(other)].join() === `${this.#routers.length},0`;
    await until(`${last.vip} to be on ${side} alone`, counts, START_WITHIN_MS);
  }

  pid(side: Side): number {
    return this.#running.get(side)!.pid!;
  }

  /** All its processes at once, without a word. */
  kill(side: Side): void {
    process.kill(-this.pid(side), 'SIGKILL');
  }

  async remove(): Promise<void> {
    await this.pair.end();
    await this.pair.remove();
    rmSync(this.#scratch, { recursive: true });
  }

  #held(side: Side): number {
    const [device] = JSON.parse(this.pair.ip(side, '-j', 'addr', 'show', 'dev', DEVICE));
    const wanted = new Set(this.#routers.map(({ vip }) => vip));
    return device.addr_info.filter(({ local }: { local: string }) => wanted.has(local)).length;
  }

  #configuration(side: Side, directory: string): string {
    const own = this.#program === 'lvs-director' ? `director {\nruntime_directory ${directory}\n}\n` : '';
    const head = `global_defs {\nrouter_id ${side}\nvrrp_version 3\n${REALTIME}}\n`;
    return own + head + this.#routers.map((router) => block(router, PRIORITY[side])).join('');
  }
}

function block({ name, vrid, advertSeconds, vip }: Router, priority: number): string {
  const lines = [
    'state BACKUP',
    `interface ${DEVICE}`,
    `virtual_router_id ${vrid}`,
    `priority ${priority}`,
    `advert_int ${advertSeconds}`,
    `virtual_ipaddress {\n${vip}/32 dev ${DEVICE}\n}`,
  ];
  return `vrrp_instance ${name} {\n${lines.join('\n')}\n}\n`;
}

/** Ours and keepalived's, side by side: whatever else the machine does disturbs both. */
export async function besides<T>(
  routers: readonly Router[],
  measure: (ours: Directors, theirs: Directors) => Promise<T>,
): Promise<T> {
  const ours = new Directors('lvs-director', routers);
  const theirs = new Directors('keepalived', routers);
  try {
    return await measure(ours, theirs);
  } finally {
    await ours.remove();
    await theirs.remove();
  }
}

const SPINNING = 'while :; do :; done';
/** Each takes the kernel's lock for all changes to interfaces, and may have no processor then. */
const OTHERS_LINKS =
  'while :; do unshare -n sh -c "ip link add v0 type veth peer name v1; ip link set v0 up"; done';

/** While `work` runs every processor is asked for all it has, and others make and remove interfaces. */
export async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const lines = [...cpus().map(() => SPINNING), OTHERS_LINKS];
  const load = lines.map((line) => spawn('sh', ['-c', line], { stdio: 'ignore' }));
  try {
    return await work();
  } finally {
    for (const child of load) child.kill('SIGKILL');
  }
}

export type Heard = { atMs: number; from: string };

export function advertsIn({ lines }: Capture): Heard[] {
  return lines.flatMap((line) => {
    const [, at, from] = /^(\d+\.\d+) .* (\S+) > \S+: VRRPv3, Advertisement/.exec(line) ?? [];
    return at === undefined ? [] : [{ atMs: Number(at) * 1000, from: from! }];
  });
}

/** When somebody answered for the address. */
export function answersIn({ lines }: Capture): number[] {
  return lines
    .filter((line) => line.includes('ICMP echo reply'))
    .map((line) => Number.parseFloat(line) * 1000);
}
