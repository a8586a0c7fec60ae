// The director process: signals, logs, supervision. It starts the elector thread and the balancer child
// and carries words between them; it parses nothing, so that nothing can delay an advert or a signal.
import type { Log } from '../console/log.ts';
import type { Notice } from '../core/events.ts';
import { beginDrill, type Drill, stepDrill } from '../director/drill.ts';
import { objection, uncoveredNotice } from '../director/handover.ts';
import { groupNotice, stateNotice } from '../director/notices.ts';
import { monotonicMs } from '../linux/clock.ts';
import { type Elector, startElector } from '../linux/elector/elector.ts';
import { NAMES, nameThread } from '../linux/thread-name.ts';
import type { ElectorReport, FormerSysctls, InstanceStatus, State } from '../vrrp/settings.ts';
import { BalancerChild } from './balancer-child.ts';
import { FlightRecorder } from './flight-recorder.ts';
import { settleLater } from './footprint.ts';
import { forwarded } from './forwarded.ts';
import type { Accepted, DirectorFacts, FormerIpvs, RunOptions, ToDirector } from './messages.ts';

/** A balancer that is not done by then is left to its own end; the VIPs are gone by that time. */
const STOP_LIMIT_MS = 10_000;
/** How long what the peer does not know yet has to get there before a handover, and an answer about it. */
const FLUSH_MS = 1_000;
const COUNT_LIMIT_MS = 2_000;
/** How long a director whose embedded engine died leaves the service to its peer. */
const ENGINE_LOST_HOLD_MS = 3_000;

type Counted = Pick<Extract<ToDirector, { type: 'counted' }>, 'connections' | 'coverage'>;
type Exit = { code: number; notice?: Notice };

export class Director {
  readonly #options: RunOptions;
  readonly #log: Log;
  readonly #elector: Elector;
  readonly #balancer: BalancerChild;
  readonly #recorder: FlightRecorder;
  readonly #startedAtMs = Date.now();
  readonly #states = new Map<string, State>();
  #former: FormerSysctls = new Map();
  #formerIpvs: FormerIpvs = { sysctls: new Map(), settings: new Map() };
  readonly #snapshots = new Map<number, (instances: readonly InstanceStatus[]) => void>();
  #nextSnapshot = 0;
  #counting: ((counted: Counted) => void)[] = [];
  #configured = false;
  /** One after the other: a handover may take a moment. */
  #configuring: Promise<void> = Promise.resolve();
  #addresses: 'kernel' | 'engine' = 'kernel';
  #accepted: Accepted | undefined;
  #drill: Drill | undefined;
  #drillBegins = false;
  #drillHoldMs = 0;
  #leastPercent: number | undefined;
  #shutdownMs = 0;
  #stopping = false;
  #exitCode = 0;
  #end!: (exit: Exit) => void;
  readonly ended: Promise<Exit>;

  constructor(options: RunOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#elector = startElector({ onReport: (report) => this.#onReport(report) });
    this.#balancer = new BalancerChild({
      onStarted: (pid) =>
        this.#say({
          event: 'balancer.started',
          message: `balancer started (pid ${pid})`,
          fields: { balancerPid: pid },
        }),
      onMessage: (message) => this.#onBalancer(message),
      onLost: (how) => this.#balancerLost(how),
    });
    this.#recorder = new FlightRecorder({
      copy: () => this.#elector.recording(),
      send: (recording) => this.#balancer.send({ type: 'recording', recording }),
    });
    this.#startBalancer();
  }

  reload(): void {
    if (!this.#stopping) this.#balancer.send({ type: 'reload' });
  }

  /** Hand over, remove what is ours, end. */
  stop(signal: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#say({ event: 'director.stop', message: `Stopping (${signal})`, fields: { signal } });
    if (this.#configured) void this.#handOver();
    else this.#stopBalancer();
  }

  async #handOver(): Promise<void> {
    if (this.#isServing) await this.#tellPeer();
    this.#elector.send({ type: 'stop' });
  }

  /** Before a handover that does not wait: what the peer is to know has a moment to get there. */
  async #tellPeer(): Promise<void> {
    if (this.#leastPercent === undefined) return;
    const { coverage } = await this.#count(FLUSH_MS);
    const why = coverage && objection(coverage, this.#leastPercent);
    if (why !== undefined) this.#say(uncoveredNotice(why, coverage!));
  }

  get #isServing(): boolean {
    return [...this.#states.values()].includes('MASTER');
  }

  async dump(): Promise<void> {
    const facts = await this.#facts();
    this.#recorder.record('USR1');
    this.#balancer.send({ type: 'dump', facts, lastEvents: this.#log.recent() });
  }

  async #facts(): Promise<DirectorFacts> {
    const instances = await this.#snapshot();
    const events = this.#log.counts();
    return { instances, monotonicMs: monotonicMs(), startedAtMs: this.#startedAtMs, events };
  }

  async drill(): Promise<void> {
    if (this.#stopping || !this.#configured || this.#drill !== undefined || this.#drillBegins) {
      return this.#refuseDrill(
        this.#stopping || !this.#configured
          ? 'the director is starting or stopping'
          : 'one is already running',
      );
    }
    const masters = [...this.#states].filter(([, state]) => state === 'MASTER').map(([name]) => name);
    if (masters.length === 0) {
      this.#balancer.send({ type: 'rehearse', facts: await this.#facts() });
      return;
    }
    this.#drillBegins = true;
    const { connections, coverage } = await this.#count(FLUSH_MS);
    this.#drillBegins = false;
    if (this.#stopping) return;
    const why = coverage && objection(coverage, this.#leastPercent ?? 0);
    if (why !== undefined) return this.#refuseDrill(why);
    const [drill, notice] = beginDrill(masters, this.#drillHoldMs, connections);
    this.#drill = drill;
    this.#say(notice);
    this.#elector.send({ type: 'drill', holdMs: this.#drillHoldMs });
  }

  #refuseDrill(why: string): void {
    this.#say({ event: 'drill.refused', message: `drill refused: ${why}`, fields: { why } });
  }

  #say(notice: Notice): void {
    this.#log.notice(notice);
  }

  #startBalancer(): void {
    const accepted = this.#accepted === undefined ? {} : { accepted: this.#accepted };
    this.#balancer.start({
      type: 'start',
      options: this.#options,
      states: this.#states,
      told: new Map(this.#states),
      former: this.#former,
      formerIpvs: this.#formerIpvs,
      ...accepted,
    });
  }

  #onReport(report: ElectorReport): void {
    const message = forwarded(report);
    if (message !== undefined) this.#balancer.send(message);
    switch (report.type) {
      case 'running':
        return;
      case 'notice':
        return this.#say(report.notice);
      case 'state':
        this.#states.set(report.instance, report.to);
        this.#recorder.onState(report);
        return this.#say(stateNotice(report));
      case 'sysctls':
        this.#former = report.former;
        return;
      case 'group':
        return this.#say(groupNotice(report));
      case 'drill':
        return this.#onDrillStep(report);
      case 'snapshot':
        this.#snapshots.get(report.id)?.(report.instances);
        this.#snapshots.delete(report.id);
        return;
      case 'stopped':
        return this.#stopBalancer();
      case 'failed':
        return this.#electorFailed(report);
    }
  }

  #onDrillStep(report: Extract<ElectorReport, { type: 'drill' }>): void {
    if (this.#drill === undefined) return;
    const [drill, notice] = stepDrill(this.#drill, report);
    this.#drill = drill;
    if (notice !== undefined) this.#say(notice);
  }

  #onBalancer(message: ToDirector): void {
    switch (message.type) {
      case 'configured':
        this.#configuring = this.#configuring.then(() => this.#onConfigured(message));
        return;
      case 'connections':
      case 'tracker':
        if (!this.#stopping) this.#elector.send(message);
        return;
      case 'counted':
        for (const resolve of this.#counting.splice(0)) resolve(message);
        return;
      case 'formerIpvs':
        this.#formerIpvs = message.former;
        return;
      case 'askFacts':
        void this.#facts().then((facts) => this.#balancer.send({ type: 'facts', facts }));
        return;
      case 'rejected':
        return this.#finish({ code: message.exitCode, notice: rejected(message.text) });
      case 'failed':
        return this.#balancerFailed(message);
      case 'stopped':
        return this.#finish({ code: 0 });
    }
  }

  async #onConfigured(message: Extract<ToDirector, { type: 'configured' }>): Promise<void> {
    this.#accepted = message.accepted;
    this.#drillHoldMs = message.drillHoldMs;
    this.#leastPercent = message.leastPercent;
    nameThread(message.processName ?? NAMES.director);
    this.#shutdownMs = message.shutdownMs;
    this.#addresses = message.elector.addresses;
    const instances = message.elector.instances.map(({ name }) => name);
    const leaves = [...this.#states].some(([name, state]) => state === 'MASTER' && !instances.includes(name));
    if (leaves) await this.#tellPeer();
    if (this.#stopping) return;
    this.#elector.send({ type: 'configure', settings: message.elector });
    const first = !this.#configured;
    this.#configured = true;
    if (first) settleLater();
    this.#say({
      event: first ? 'director.ready' : 'config.loaded',
      message: `${first ? 'Ready' : 'Configuration loaded'}: ${instances.join(', ') || 'no VRRP instance'}`,
      fields: { instances },
    });
  }

  /** Before the first configuration there is nothing to keep alive: the reason is the operator's to mend. */
  #balancerFailed(message: Extract<ToDirector, { type: 'failed' }>): void {
    const { exitCode, message: text, hint } = message;
    if (!this.#configured) return this.#finish({ code: exitCode, notice: failed(text, hint) });
    this.#say({ event: 'balancer.lost', message: `balancer failed: ${text}`, fields: { hint } });
  }

  #balancerLost(how: string): void {
    if (this.#stopping) return this.#finish({ code: 0 });
    const fields = { how };
    if (!this.#configured || !this.#options.respawn) {
      const notice = failed(`the balancer process ended (${how})`);
      return this.#configured ? this.#giveUp(notice) : this.#finish({ code: 1, notice });
    }
    this.#say({ event: 'balancer.lost', message: `balancer ended (${how}); starting another`, fields });
    this.#elector.send({ type: 'connections', known: false });
    // With the embedded engine nothing forwards now; the kernel's IPVS would go on by itself.
    if (this.#addresses === 'engine') this.#elector.send({ type: 'drill', holdMs: ENGINE_LOST_HOLD_MS });
    this.#startBalancer();
  }

  #electorFailed(report: Extract<ElectorReport, { type: 'failed' }>): void {
    const code = report.code === 'NETLINK_DENIED' ? 4 : 1;
    this.#stopping = true;
    this.#exitCode = code;
    this.#say(failed(report.message));
    this.#recorder.record(`the elector failed: ${report.message}`);
    this.#stopBalancer();
  }

  #giveUp(notice: Notice): void {
    this.#exitCode = 1;
    this.#say(notice);
    this.stop('balancer lost');
  }

  #stopBalancer(): void {
    this.#recorder.flush();
    if (!this.#balancer.running) return this.#finish({ code: 0 });
    this.#balancer.send({ type: 'stop' });
    setTimeout(() => this.#finish({ code: 1 }), STOP_LIMIT_MS + this.#shutdownMs).unref();
  }

  #snapshot(): Promise<readonly InstanceStatus[]> {
    if (!this.#configured) return Promise.resolve([]);
    const id = this.#nextSnapshot++;
    return new Promise((resolve) => {
      this.#snapshots.set(id, resolve);
      this.#elector.send({ type: 'snapshot', id });
    });
  }

  /** A balancer that does not answer keeps nobody from stopping. */
  #count(flushMs: number): Promise<Counted> {
    return new Promise((resolve) => {
      this.#counting.push(resolve);
      this.#balancer.send({ type: 'count', flushMs });
      setTimeout(() => resolve({ connections: 0 }), flushMs + COUNT_LIMIT_MS).unref();
    });
  }

  #finish(exit: Exit): void {
    this.#stopping = true;
    const code = exit.code || this.#exitCode;
    void this.#elector.leave().then(() => this.#end({ ...exit, code }));
  }
}

function rejected(text: string): Notice {
  return { event: 'config.rejected', message: `configuration rejected\n${text}`, fields: { text } };
}

function failed(message: string, hint?: string): Notice {
  return { event: 'director.failed', message, fields: hint === undefined ? {} : { hint } };
}
