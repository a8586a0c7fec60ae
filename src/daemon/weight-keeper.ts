// Keeps the weight programs: their clock, their file, and the looks at how many connections are left. Decides
// nothing itself (see director/weights/pair.ts).
import { randomBytes } from 'node:crypto';
import { readWeightsFile, writeWeightsFile } from '../console/weights-file.ts';
import type { Notice } from '../core/events.ts';
import { headsOf, loadsOf } from '../director/weights/loads.ts';
import type { Loads, Weights } from '../director/weights/machine.ts';
import {
  NO_PAIR,
  type Outcome,
  type Pair,
  type PairEvent,
  stepPair,
  type Telling,
} from '../director/weights/pair.ts';
import { idOf, type Phase, type Program } from '../director/weights/program.ts';
import { decodeWeights, encodeWeights } from '../director/weights/record.ts';
import { drained, expiresTemplates, nextChangeMs, weighPools } from '../director/weights/table.ts';
import type { ServerKey } from '../ipvs/model.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import type { Pool, PoolName } from '../ipvs/pool.ts';
import type { SettingKeeper } from './setting-keeper.ts';
import { Trouble } from './trouble.ts';

/** How often connections are counted; a look at thousands of services may take a tenth of the time. */
const LOOK_MS = 1_000;
const LOOK_SHARE = 10;
/** setTimeout takes a longer time for 1 ms. */
const TIMER_MOST_MS = 0x7fff_ffff;

type Edges = {
  plane: DataPlane;
  settings: SettingKeeper;
  say: (notice: Notice) => void;
  /** To the other director. */
  tell: (telling: Telling) => void;
  /** A program has ended: resolves when what follows is in force. */
  changed: () => Promise<void>;
  /** Weights are others by the time alone. */
  grown: () => Promise<void>;
  fail: (error: Error) => void;
};

export class WeightKeeper {
  readonly #edges: Edges;
  readonly #fileTrouble = new Trouble();
  readonly #heard = new Set<() => void>();
  #pair: Pair = NO_PAIR;
  #resting: () => ReadonlySet<PoolName> = () => new Set();
  #directory: string | undefined;
  #saved: string | undefined;
  /** There is a file, of ours or of a former balancer's. */
  #isWritten = false;
  #saving: Promise<void> = Promise.resolve();
  #looking: Promise<void> | undefined;
  #lookMs = LOOK_MS;
  #timer: NodeJS.Timeout | undefined;
  #isShared = false;
  #isStopped = false;

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  get weights(): Weights {
    return this.#pair.weights;
  }
  /** The peer tells of its orders, and is told of ours. */
  get isMet(): boolean {
    return this.#pair.isMet;
  }

  /** Do orders hold on both directors? Before what is configured. */
  share(isShared: boolean): void {
    if (!isShared) this.step({ type: 'unshared' });
    else if (!this.#isShared) this.step({ type: 'shared', by: randomBytes(4).readUInt32BE() });
    this.#isShared = isShared;
  }

  program(pool: PoolName, server: ServerKey): Program | undefined {
    return this.weights.programs.get(idOf(pool, server));
  }

  /** What a former balancer left under way. Before anything is configured. */
  async restore(directory: string): Promise<void> {
    try {
      const text = await readWeightsFile(directory);
      const restored = text === undefined ? undefined : decodeWeights(text, performance.now(), Date.now());
      this.#isWritten = text !== undefined;
      if (text !== undefined && restored === undefined)
        this.#complain(directory, new Error('it is no record of this version'));
      if (restored === undefined) return;
      const { weights, book } = restored;
      this.#pair = { ...NO_PAIR, weights, ...(book === undefined ? {} : { book }) };
      const { formerTemplates } = restored;
      if (formerTemplates !== undefined) this.#edges.settings.adoptTemplates(formerTemplates);
    } catch (error) {
      this.#complain(directory, error);
    }
  }

  /** Where the file is from now on; the one that may be elsewhere is of no more use. */
  keepIn(directory: string): void {
    if (directory === this.#directory) return;
    const before = this.#directory;
    this.#directory = directory;
    this.#saved = undefined;
    if (before !== undefined) this.#saving = this.#saving.then(() => this.#write(before, undefined));
  }

  /** Pools that another director serves, for whenever it matters: of thousands it takes a moment to say. */
  rest(pools: () => ReadonlySet<PoolName>): void {
    this.#resting = pools;
  }

  /** The caller brings the table up to date, and then calls `settle`. */
  step(event: PairEvent): Outcome {
    const outcome = stepPair(this.#pair, event, performance.now());
    const { pair, notices, tell } = outcome;
    const { weights } = pair;
    this.#pair = pair;
    this.#edges.settings.expireTemplates(expiresTemplates(weights));
    this.#save();
    notices.forEach(this.#edges.say);
    if (tell !== undefined) this.#edges.tell(tell);
    for (const hear of this.#heard) hear();
    return outcome;
  }

  pools(configured: ReadonlyMap<PoolName, Pool>): ReadonlyMap<PoolName, Pool> {
    return weighPools(configured, this.weights, performance.now());
  }

  /** The table has the weights of now: what has nothing to wait for ends at once, the rest is watched. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.weights.programs.size === 0 || this.#isStopped) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
    if (!this.#isStopped) this.#schedule();
  }

  /** Calls back after each change, until `signal` says so. */
  hear(hear: () => void, signal: AbortSignal): void {
    this.#heard.add(hear);
    signal.addEventListener('abort', () => this.#heard.delete(hear));
  }

  /** What is under way stays written down; the kernel's setting is as it was. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    this.#edges.settings.expireTemplates(false);
    this.#save();
    this.#directory = undefined;
    await this.#saving;
  }

  async #look(): Promise<void> {
    const { programs, pools } = this.weights;
    const loads = await this.#readLoads();
    // A program that began meanwhile was not looked at.
    const same = (pool: PoolName, server: ServerKey) =>
      sinceOf(programs.get(idOf(pool, server))?.phase) ===
      sinceOf(this.weights.programs.get(idOf(pool, server))?.phase);
    const seen = new Map(
      [...loads].map(([pool, servers]) => [
        pool,
        new Map([...servers].filter(([server]) => same(pool, server))),
      ]),
    );
    this.step({ type: 'looked', loads: seen, resting: this.#resting() });
    const isOver = this.weights.programs.size !== programs.size || this.weights.pools !== pools;
    const hasEnded = [...programs].some(
      ([id, { phase }]) => this.weights.programs.get(id)?.phase.is !== phase.is,
    );
    if (isOver || hasEnded) await this.#edges.changed();
  }

  async #readLoads(): Promise<Loads> {
    const configured = this.weights.pools;
    const leaving = drained(this.weights);
    if (configured === undefined || leaving.size === 0) return new Map();
    const pools = this.pools(configured);
    const startedMs = performance.now();
    const heads = [...leaving.keys()].flatMap((name) => headsOf(pools.get(name)!));
    const counts = await this.#edges.plane.readServerCounters(heads);
    this.#lookMs = Math.max(LOOK_MS, (performance.now() - startedMs) * LOOK_SHARE);
    return new Map([...leaving].map(([name, servers]) => [name, loadsOf(pools.get(name)!, servers, counts)]));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const changeMs = nextChangeMs(this.weights, performance.now());
    const waits = [
      ...(changeMs === undefined ? [] : [changeMs]),
      ...(drained(this.weights).size > 0 ? [this.#lookMs] : []),
    ];
    if (waits.length === 0) return;
    const turn = () => this.#turn().catch(this.#edges.fail);
    this.#timer = setTimeout(turn, Math.min(Math.ceil(Math.min(...waits)), TIMER_MOST_MS));
  }

  /** A step of a server that grows is a new weight, though nothing has ended. */
  async #turn(): Promise<void> {
    const grows = [...this.weights.programs.values()].some(({ phase }) => phase.is === 'growing');
    if (grows) await this.#edges.grown();
    await this.settle();
  }

  #save(): void {
    const directory = this.#directory;
    if (directory === undefined) return;
    const former = this.#edges.settings.formerTemplates;
    const { weights, book } = this.#pair;
    const entries = [...(book?.entries.values() ?? [])];
    const programs = [...weights.programs.values()].map(lastingOf);
    const lasting = JSON.stringify([former, programs, entries, book?.hasHeard]);
    if (lasting === this.#saved) return;
    this.#saved = lasting;
    const isEmpty = programs.length === 0 && entries.length === 0 && former === undefined;
    // In a directory that two directors share it may be the other one's.
    if (isEmpty && !this.#isWritten) return;
    this.#isWritten = !isEmpty;
    const clocks = { nowMs: performance.now(), wallMs: Date.now(), formerTemplates: former };
    const text = isEmpty ? undefined : encodeWeights(weights, clocks, book);
    this.#saving = this.#saving.then(() => this.#write(directory, text));
  }

  async #write(directory: string, text: string | undefined): Promise<void> {
    try {
      await writeWeightsFile(directory, text);
      this.#fileTrouble.over();
    } catch (error) {
      this.#complain(directory, error);
    }
  }

  #complain(directory: string, error: unknown): void {
    const news = this.#fileTrouble.news(error);
    if (news === undefined) return;
    const message = `weights.json in ${directory} is of no use, a restart forgets orders: ${news.reason}`;
    this.#edges.say({ event: 'weights.failed', message, fields: { directory, ...news } });
  }
}

function sinceOf(phase: Phase | undefined): number | undefined {
  return phase?.is === 'draining' ? phase.sinceMs : undefined;
}

/** Without what is different after each look. */
function lastingOf({ phase, ...program }: Program) {
  if (phase.is !== 'draining') return { ...program, phase };
  const { load: _, toldMs: __, ...lasting } = phase;
  return { ...program, phase: lasting };
}
