// The demo's machines at work: starts the network, the real servers, the directors and the client,
// keeps the picture up to date, and offers the two things that can be done to the pair: a drill and
// a crash. What is done when is in play.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClientMessage, Order } from './client.ts';
import { Director, type LogLine } from './director.ts';
import {
  type DirectorName,
  layout,
  letterOf,
  type Mode,
  type Node,
  type NodeName,
  PORT,
  peerOf,
  SERVERS,
  VIP,
} from './layout.ts';
import type { Measured } from './measure.ts';
import { build, on, PreparationError } from './network.ts';
import {
  firstPicture,
  hear,
  masterOf,
  type Outcome,
  type Picture,
  paintAdvert,
  paintCrash,
  paintDirector,
  paintRestart,
  tell,
} from './picture.ts';
import { outcomeLine } from './view.ts';
import { listenForAdverts } from './witness.ts';

export type StageSetup = {
  mode: Mode;
  configurations: Record<DirectorName, readonly string[]>;
  /** Folder for the directors' logs. */
  logs?: string;
  changed(picture: Picture): void;
  /** Ends every wait: somebody wants to leave. */
  leave: AbortSignal;
};

/** Of nine processes on one slow processor. */
const START_TIMEOUT_MS = 120_000;
const HEAD_START_MS = 3_000;
/** Files of somebody's own may want no sync thread. */
const SYNC_TIMEOUT_MS = 10_000;
const TAKEOVER_TIMEOUT_MS = 10_000;
const DRILL_TIMEOUT_MS = 20_000;
/** The client notes the start of a window before anything happens in it. */
const LEAD_IN_MS = 100;
/** Connections in the middle of the takeover are the short requests' business. */
const AFTER_TAKEOVER_MS = 500;
const SETTLE_MS = 2_000;
/** Long enough for TCP's own retries after an outage of a second. */
const OBSERVE_MS = 4_000;
/**
 * A master announces an active connection again after 50 packets of its client: here after some six
 * seconds. Until then a director that was rebooted does not know it.
 */
const REJOIN_MS = 10_000;
const POLL_MS = 20;

const programOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export class Stage {
  picture: Picture;
  readonly #setup: StageSetup;
  readonly #nodes: readonly Node[];
  readonly #directors: Record<DirectorName, Director>;
  #client: ChildProcess | undefined;
  #measured: ((measured: Measured) => void) | undefined;
  #failure: PreparationError | undefined;
  /** When each director last reported the end of a drill. */
  readonly #drillReports = new Map<DirectorName, number>();

  constructor(setup: StageSetup) {
    this.#setup = setup;
    this.#nodes = layout(setup.mode);
    this.picture = firstPicture(setup.mode, Date.now());
    this.#directors = { dirA: this.#director('dirA'), dirB: this.#director('dirB') };
  }

  #director(name: DirectorName): Director {
    const { logs, configurations } = this.#setup;
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new TypeError(`no machine ${name}`);
    return new Director({
      node: { ...node, name },
      configurations: configurations[name],
      ...(logs === undefined ? {} : { logFile: `${logs}/${letterOf(name)}.log` }),
      heard: (line) => this.#heard(name, line),
      ended: (how) => {
        this.#paint(paintDirector(this.picture, name, { state: 'ENDED', sinceMs: Date.now(), vips: [] }));
        this.say(`director ${letterOf(name)} ended by itself: ${how}`, true);
        this.#failure = new PreparationError(`director ${letterOf(name)} ended: ${how}`);
      },
    });
  }

  #paint(picture: Picture): void {
    this.picture = picture;
    this.#setup.changed(picture);
  }

  #heard(name: DirectorName, line: LogLine): void {
    if (line.event === 'drill.report') this.#drillReports.set(name, Date.now());
    this.#paint(hear(this.picture, name, line, Date.now()));
  }

  say(text: string, grave = false): void {
    this.#paint(tell(this.picture, { atMs: Date.now(), who: 'demo', text, grave }));
  }

  /** What is going on now: stays on the screen until the next one. */
  phase(text: string): void {
    this.say(text);
    this.#paint({ ...this.picture, phase: text });
  }

  async pause(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    await this.#until(() => performance.now() >= endMs, ms + POLL_MS);
  }

  /** False when the time is up before the condition holds. */
  async #until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      this.#setup.leave.throwIfAborted();
      if (condition()) return true;
      if (performance.now() >= endMs) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #launch(name: NodeName, program: string, words: readonly string[]): ChildProcess {
    const command = [...on(name), process.execPath, programOf(program), ...words];
    const child = spawn('ip', command, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('exit', (code, signal) => {
      this.#failure = new PreparationError(`${name} ended: ${signal ?? `exit ${code}`}`);
    });
    return child;
  }

  /** Orders go to a pipe and so arrive in order; none is answered but `end`. */
  #order(order: Order): void {
    this.#client?.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #listenToClient(): void {
    const client = this.#launch('client', 'client-main.ts', [VIP, String(PORT)]);
    this.#client = client;
    if (client.stdout === null) return;
    createInterface({ input: client.stdout }).on('line', (text) => {
      const message = JSON.parse(text) as ClientMessage;
      switch (message.type) {
        case 'statistics':
          return this.#paint({ ...this.picture, statistics: message.statistics });
        case 'measured':
          return this.#measured?.(message.measured);
      }
    });
  }

  /**
   * Ends when every real server has answered through the VIP and the pair has one master and one
   * backup.
   */
  async start(): Promise<void> {
    await build(this.#nodes);
    this.say('network is built: client, two directors, three real servers');
    listenForAdverts('front', (advert) => this.#paint(paintAdvert(this.picture, advert)));
    for (const name of SERVERS) this.#launch(name, 'realserver-main.ts', [name, String(PORT)]);
    this.phase('starting the directors');
    // With nopreempt the quicker one becomes master and keeps the role: let it be A where that costs
    // little.
    this.#directors.dirA.start();
    await this.#until(() => this.picture.directors.dirA.state !== '-', HEAD_START_MS);
    this.#directors.dirB.start();
    this.#listenToClient();
    const ready = await this.#until(() => this.#failure !== undefined || this.#isReady(), START_TIMEOUT_MS);
    if (this.#failure !== undefined) throw this.#failure;
    if (!ready) throw new PreparationError(`the pair is not ready after ${START_TIMEOUT_MS / 1000} s`);
    await this.#until(() => this.#isHeard(), SYNC_TIMEOUT_MS);
  }

  /** Proved by use: the log may say MASTER before the first packet can pass. */
  #isReady(): boolean {
    const { directors, statistics } = this.picture;
    const master = masterOf(this.picture);
    const answered = SERVERS.every((name) => (statistics?.servers[name]?.requests ?? 0) > 0);
    return answered && master !== undefined && directors[peerOf(master)].state === 'BACKUP';
  }

  /** The kernel's sync threads tell of what begins while both run, and of nothing that was there before. */
  #isHeard(): boolean {
    const master = masterOf(this.picture);
    if (master === undefined) return false;
    const [told, teller] = [peerOf(master), master].map((name) => this.picture.directors[name].syncs);
    return told === 'stream' || (told === 'backup' && teller === 'master');
  }

  openSessions(count: number): void {
    this.#order({ do: 'open', count });
  }

  get sessionsAlive(): number {
    return this.picture.statistics?.alive ?? 0;
  }

  async #measure(): Promise<Measured> {
    let measured: Measured | undefined;
    this.#measured = (result) => {
      measured = result;
    };
    this.#order({ do: 'end' });
    await this.#until(() => measured !== undefined, TAKEOVER_TIMEOUT_MS);
    if (measured === undefined) throw new PreparationError('the client does not answer');
    return measured;
  }

  /** `fault` is done to the master; `over` says when to stop looking. */
  async #observe(
    name: string,
    fault: (master: DirectorName) => void,
    over: (master: DirectorName, sinceMs: number) => Promise<void>,
  ): Promise<void> {
    const from = masterOf(this.picture);
    if (from === undefined) throw new PreparationError('neither director is master');
    const to = peerOf(from);
    this.#order({ do: 'begin' });
    await this.pause(LEAD_IN_MS);
    const faultMs = Date.now();
    fault(from);
    const isMaster = (): boolean => {
      const { state, sinceMs } = this.picture.directors[to];
      return state === 'MASTER' && sinceMs >= faultMs;
    };
    const taken = await this.#until(isMaster, TAKEOVER_TIMEOUT_MS);
    const newMasterMs = this.picture.directors[to].sinceMs - faultMs;
    await over(from, faultMs);
    const measured = await this.#measure();
    const outcome: Outcome = { name, measured, from, ...(taken ? { to, newMasterMs } : {}) };
    this.#paint({ ...this.picture, outcomes: [...this.picture.outcomes, outcome] });
    this.say(outcomeLine(outcome));
  }

  /**
   * `later` sessions are opened while the other director is master: they have to survive the next
   * failover too.
   */
  async drill(later: number): Promise<void> {
    await this.#observe(
      'drill',
      (master) => {
        this.phase(`failover drill: SIGUSR2 to director ${letterOf(master)}, which hands over`);
        this.#directors[master].drill();
      },
      async (master, faultMs) => {
        await this.pause(AFTER_TAKEOVER_MS);
        this.openSessions(later);
        const reported = (): boolean => (this.#drillReports.get(master) ?? 0) >= faultMs;
        const over = await this.#until(reported, DRILL_TIMEOUT_MS);
        if (!over) this.say(`director ${letterOf(master)} did not report the end of its drill`, true);
        await this.pause(SETTLE_MS);
      },
    );
  }

  async crash(): Promise<DirectorName> {
    let crashed: DirectorName | undefined;
    await this.#observe(
      'crash',
      (master) => {
        crashed = master;
        this.phase(`crash: kill -9 of all of director ${letterOf(master)}, its cables cut`);
        this.#directors[master].crash();
        this.#paint(paintCrash(this.picture, master, Date.now()));
      },
      () => this.pause(OBSERVE_MS),
    );
    if (crashed === undefined) throw new TypeError('nobody crashed');
    return crashed;
  }

  /**
   * The crashed machine comes back with an empty kernel. Ends when it has had time to hear of the
   * open sessions.
   */
  async restart(name: DirectorName): Promise<void> {
    const letter = letterOf(name);
    this.phase(`director ${letter} is switched on again, with an empty kernel`);
    this.#paint(paintRestart(this.picture, name, Date.now()));
    await this.#directors[name].restart();
    const ready = await this.#until(() => this.#isReady(), START_TIMEOUT_MS);
    if (!ready) throw new PreparationError(`director ${letter} did not come back`);
    await this.#until(() => this.#isHeard(), SYNC_TIMEOUT_MS);
    this.phase(`director ${letter} is back and hears of the open sessions again`);
    await this.pause(REJOIN_MS);
  }
}
