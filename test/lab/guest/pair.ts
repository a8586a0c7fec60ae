// The whole scene: network, real servers, client, two directors, dirA the master. Every scenario starts
// from here.
import { setTimeout as sleep } from 'node:timers/promises';
import { type DirectorName, type Mode, VIPS } from './addresses.ts';
import { type ConfigurationOptions, renderConfiguration } from './configuration.ts';
import { Director, type Program } from './director.ts';
import type { Report } from './measure.ts';
import { assertInGuest, buildNetwork } from './network.ts';
import { Traffic } from './traffic.ts';
import { destinations, owns, syncDaemons, until } from './witness.ts';

export type PairOptions = Omit<ConfigurationOptions, 'priority'> & {
  programs: Readonly<Record<DirectorName, Program>>;
  activeSessions: number;
  idleSessions: number;
  /** Real servers of what `appendix` adds. */
  appendixServers?: number;
  /** Each is a connection; undefined = 40 a second. */
  requestEveryMs?: number;
  /** How long a connection is waited for; undefined = 300 ms. */
  requestTimeoutMs?: number;
};

/**
 * Two sync flushes of the kernel's master thread (2 s at most for a part-filled buffer), then nothing is
 * young.
 */
const SETTLE_MS = 2500;
/**
 * For who must not notice anything: a director that starts takes the guest's one CPU for longer than 300 ms,
 * and TCP repeats a lost SYN after a second only.
 */
export const UNHURRIED_MS = 900;
const START_LIMIT_MS = 120_000;
const TRAFFIC = { everyMs: 500, requestEveryMs: 25, requestTimeoutMs: 300 };

export class Pair {
  readonly options: PairOptions;
  readonly traffic: Traffic;
  readonly dirA: Director;
  readonly dirB: Director;
  /** From the start of both directors to the VIP on dirA. */
  startToMasterMs = 0;
  #timesMasterAtStart = 0;

  constructor(options: PairOptions) {
    this.options = options;
    const { requestEveryMs = TRAFFIC.requestEveryMs, requestTimeoutMs = TRAFFIC.requestTimeoutMs } = options;
    this.traffic = new Traffic({ ...TRAFFIC, requestEveryMs, requestTimeoutMs, vip: this.vip });
    this.dirA = new Director('dirA', options.programs.dirA);
    this.dirB = new Director('dirB', options.programs.dirB);
  }

  get mode(): Mode {
    return this.options.mode;
  }

  get vip(): string {
    return VIPS[this.options.family ?? 4];
  }

  owns(node: DirectorName): boolean {
    return owns(node, this.vip);
  }

  /** `changes` go over the pair's own options. */
  configure(changes: Partial<ConfigurationOptions> = {}): void {
    for (const director of [this.dirA, this.dirB])
      director.configure(renderConfiguration(director.node, { ...this.options, ...changes }));
  }

  async untilProgrammed(node: DirectorName, servers: number): Promise<void> {
    await until(
      `${servers} real servers on ${node}`,
      START_LIMIT_MS,
      () => destinations(node).size === servers,
    );
  }

  /**
   * Both kernels run their sync thread: what a master opens before that is unknown to its backup until
   * packet 53.
   */
  async untilSynced(): Promise<void> {
    for (const [node, role] of [
      ['dirA', 'master'],
      ['dirB', 'backup'],
    ] as const) {
      const runs = () => syncDaemons(node).some((line) => line.startsWith(`${role} sync daemon`));
      await until(`the sync ${role} on ${node}`, START_LIMIT_MS, runs);
    }
  }

  /** From here on nobody should become master until the scenario wants it. */
  electionIsOver(): void {
    this.#timesMasterAtStart = this.#timesMaster();
  }

  /**
   * Takeovers that nobody asked for, since the election: what a starved host does to adverts every 100 ms.
   */
  falseTakeovers(): number {
    return this.#timesMaster() - this.#timesMasterAtStart;
  }

  #timesMaster(): number {
    return this.dirA.timesMaster() + this.dirB.timesMaster();
  }

  /** Since the last mark; until `observeMs` after the last idle session has been woken. */
  async observe(observeMs: number): Promise<Report> {
    await sleep(300);
    await this.traffic.wakeIdle();
    await sleep(observeMs);
    return this.traffic.report();
  }

  async openSessions(): Promise<void> {
    await this.traffic.open('active', 'active', this.options.activeSessions);
    await this.traffic.open('idle', 'idle', this.options.idleSessions);
    await sleep(SETTLE_MS);
  }
}

/**
 * Returns when dirA is master, both tables are programmed and the sessions are open and old enough to be
 * synced.
 */
export async function startPair(options: PairOptions, withSessions = true): Promise<Pair> {
  assertInGuest();
  const pair = new Pair(options);
  buildNetwork(options.mode);
  await pair.traffic.ready();
  pair.configure();
  pair.dirA.start();
  pair.dirB.start();
  pair.startToMasterMs = await until(
    'VIP on dirA',
    START_LIMIT_MS,
    () => pair.owns('dirA') && !pair.owns('dirB'),
  );
  const servers = (options.servers?.length ?? 3) + (options.appendixServers ?? 0);
  await pair.untilProgrammed('dirA', servers);
  await pair.untilProgrammed('dirB', servers);
  await pair.untilSynced();
  pair.electionIsOver();
  if (!withSessions) return pair;
  await pair.openSessions();
  await pair.traffic.startRequests();
  await sleep(500);
  return pair;
}

/** `key=value` arguments of a guest program. */
export function parseArguments(): Record<string, string> {
  return Object.fromEntries(process.argv.slice(2).map((word) => word.split(/=(.*)/s).slice(0, 2)));
}
