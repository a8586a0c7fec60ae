// The balancer process: configuration, services, health checks, sync threads. Started by the director
// process and told of VRRP states by it. Composes; the decisions are in src/director, the keeping in
// table-keeper.ts.
import { randomBytes } from 'node:crypto';
import type { LoggedEvent } from '../console/people.ts';
import type { EventName, Notice } from '../core/events.ts';
import { changesNothing } from '../director/difference.ts';
import { planTelling } from '../director/notify.ts';
import type { Plan } from '../director/plan-document.ts';
import { Planner } from '../director/planner.ts';
import {
  holderOf,
  leavingAddresses,
  ownedAddresses,
  servedAddresses,
  serves,
  wantedSync,
  withLeaving,
} from '../director/roles.ts';
import { planServing, restingPools, suspendedServices } from '../director/suspension.ts';
import { planSyncStream } from '../director/sync-stream.ts';
import { withoutScripts } from '../director/trackers.ts';
import type { DataPlane, OwnedAddress } from '../ipvs/plane.ts';
import { removeLeftovers } from '../linux/elector/leftovers.ts';
import { NAMES, nameThread } from '../linux/thread-name.ts';
import type { ElectorSettings, FormerSysctls, State, TrackerId, Verdict } from '../vrrp/settings.ts';
import { withoutVirtualDevices } from '../vrrp/virtual-device.ts';
import { controlActions, controlResources, keepControl } from './control.ts';
import { IpvsSettings } from './ipvs-settings.ts';
import { Lingering } from './lingering.ts';
import type { ListenerKeeper } from './listener-keeper.ts';
import { type Loaded, loadConfiguration, reloadConfiguration } from './load.ts';
import { MarkKeeper } from './mark-keeper.ts';
import type { RunOptions, ToBalancer, ToDirector } from './messages.ts';
import { Metrics } from './metrics.ts';
import { Notifier } from './notifier.ts';
import { openPlane } from './open-plane.ts';
import { OperatorPrograms } from './operator-programs.ts';
import { PairOrders } from './pair-orders.ts';
import { PlanKeeper } from './plan-keeper.ts';
import { RecordingKeeper } from './recording-keeper.ts';
import { ServerOrders } from './server-orders.ts';
import { ServiceKeeper } from './service-keeper.ts';
import { SettingKeeper } from './setting-keeper.ts';
import { StateReader, writeState } from './state-reader.ts';
import { SyncKeeper } from './sync-keeper.ts';
import { TableKeeper } from './table-keeper.ts';
import { TrackLinks } from './track-links.ts';
import { TrackScripts } from './track-scripts.ts';
import { TrackerKeeper } from './trackers.ts';
import { Turning } from './turning.ts';

const SALT_BYTES = 16;
/** How long a planned stop waits for the programs that tell of it, as keepalived has it. */
const NOTIFY_STOP_MS = 1_000;

type Message<T extends ToBalancer['type']> = Extract<ToBalancer, { type: T }>;
type Edges = {
  tell: (message: ToDirector) => void;
  say: (notice: Notice) => void;
  recent: () => readonly LoggedEvent[];
  /** How many were logged of each. */
  counts: () => ReadonlyMap<EventName, number>;
  /** The data plane is gone: the process ends, another takes its place. */
  fail: (error: Error) => void;
};

export class Balancer {
  readonly #options: RunOptions;
  readonly #edges: Edges;
  readonly #plane: DataPlane;
  readonly #keeper: TableKeeper;
  readonly #lingering = new Lingering((table) => this.#keeper.want(table));
  readonly #marks: MarkKeeper;
  readonly #ipvs: IpvsSettings;
  readonly #settings: SettingKeeper;
  readonly #sync: SyncKeeper;
  readonly #planKeeper: PlanKeeper;
  readonly #recordings: RecordingKeeper;
  readonly #control: ListenerKeeper<string>;
  readonly #state: StateReader;
  readonly #metrics: Metrics;
  readonly #services: ServiceKeeper;
  readonly #pairOrders: PairOrders;
  readonly #programs: OperatorPrograms;
  readonly #notifier: Notifier;
  readonly #trackers: TrackerKeeper;
  readonly #scripts: TrackScripts;
  readonly #links: TrackLinks;
  /** Scripts that must not be run. */
  #unfit: ReadonlySet<string> = new Set();
  readonly #states: Map<string, State>;
  /** The kernel's settings before the elector changed them. */
  #former: FormerSysctls;
  /** Those that have just changed roles; only an engine needs to know. */
  readonly #turning = new Turning(() => void this.#applyRoles().catch(this.#edges.fail));
  /** The engine has addresses. */
  #owns = false;
  #loaded: Loaded;
  readonly #planner: Planner;
  #plan: Plan;
  readonly #serves = (instance: string) => serves(this.#states.get(instance));
  readonly #isHere = (instance: string) => this.#serves(instance) || this.#turning.instances.has(instance);
  /** Not of the plan: there secrets are sealed. */
  #elector: ElectorSettings;
  /** The same, with the instances that left the file and still serve. */
  #roster: ElectorSettings;

  private constructor(
    start: Message<'start'>,
    edges: Edges,
    plane: DataPlane,
    loaded: Loaded,
    programs: OperatorPrograms,
  ) {
    this.#options = start.options;
    this.#edges = edges;
    this.#plane = plane;
    this.#loaded = loaded;
    this.#states = new Map(start.states);
    this.#former = start.former;
    this.#planner = new Planner(randomBytes(SALT_BYTES).toString('hex'), start.formerIpvs.marks);
    this.#plan = this.#planner.plan(loaded.configuration);
    this.#elector = this.#planElector();
    this.#roster = this.#elector;
    this.#keeper = new TableKeeper(plane, edges.say, () => void this.#sync.rebind().catch(edges.fail));
    this.#marks = new MarkKeeper(plane, edges.say);
    this.#ipvs = new IpvsSettings(plane, edges.say);
    this.#ipvs.adopt(start.formerIpvs.timeouts);
    this.#settings = new SettingKeeper(plane, { say: edges.say, changed: () => this.#tellFormer() });
    this.#settings.adopt(start.formerIpvs.settings);
    plane.connections?.adoptFormer?.(start.formerIpvs.sysctls);
    this.#sync = new SyncKeeper(plane, {
      ...edges,
      greeted: () => this.#pairOrders.greeted(),
      heed: (frame) => this.#pairOrders.heed(frame),
    });
    this.#planKeeper = new PlanKeeper(process.ppid, edges.say);
    this.#recordings = new RecordingKeeper(edges.say);
    this.#programs = programs;
    this.#notifier = new Notifier(programs, edges.say, start.told);
    const tracks = {
      tell: (tracker: TrackerId, verdict: Verdict) => edges.tell({ type: 'tracker', tracker, verdict }),
      say: edges.say,
    };
    this.#trackers = new TrackerKeeper(tracks, start.accepted !== undefined);
    this.#scripts = new TrackScripts({ programs, ...tracks });
    this.#links = new TrackLinks(tracks);
    this.#services = new ServiceKeeper({
      plane,
      settings: this.#settings,
      ...edges,
      want: (table) => this.#lingering.want(table),
      onHappening: (happening) => this.#notifier.service(happening),
      tell: (telling) => this.#pairOrders.tell(telling),
    });
    this.#pairOrders = new PairOrders(this.#services, this.#sync, edges.fail);
    const orders = new ServerOrders(this.#services, this.#pairOrders);
    const resources = controlResources(plane, orders, () => this.#sync.document());
    this.#control = keepControl(resources, controlActions(orders), edges.say);
    this.#state = new StateReader({
      plane,
      options: this.#options,
      keeper: this.#keeper,
      services: this.#services,
      sync: this.#sync,
    });
    this.#metrics = new Metrics({
      plane,
      state: this.#state,
      ask: () => edges.tell({ type: 'askFacts' }),
      counts: edges.counts,
      say: edges.say,
      instances: () => this.#roster.instances,
      scripts: () => this.#scripts.list(),
    });
  }

  /** Undefined when the configuration cannot run: the director has been told why. */
  static async start(message: Message<'start'>, edges: Edges): Promise<Balancer | undefined> {
    const result = loadConfiguration(message.options, message.accepted);
    if (!result.ok) {
      edges.tell({ type: 'rejected', exitCode: result.exitCode, text: result.text });
      return undefined;
    }
    result.loaded.notices.forEach(edges.say);
    const programs = new OperatorPrograms(edges.say);
    const { startup } = planTelling(result.loaded.configuration);
    // Not when another balancer takes the place of one that died.
    if (startup !== undefined && message.accepted === undefined)
      await programs.runAndTell(startup, startup, { script: 'startup_script' });
    const plane = await openPlane(result.loaded.configuration.director.engine.value, edges);
    const balancer = new Balancer(message, edges, plane, result.loaded, programs);
    if (balancer.#plan.ipvs.flushesAtStart && message.accepted === undefined) await balancer.#ipvs.flush();
    await balancer.#services.weights.restore(balancer.#plan.director.runtimeDirectory);
    await balancer.#apply();
    balancer.#keeper.watch(edges.fail);
    return balancer;
  }

  #planElector(): ElectorSettings {
    const addresses = holderOf(this.#plan, this.#plane.engine);
    const elector = withoutScripts(this.#planner.elector(this.#loaded.configuration, addresses), this.#unfit);
    return addresses === 'kernel' ? elector : withoutVirtualDevices(elector);
  }

  async handle(message: ToBalancer): Promise<void> {
    switch (message.type) {
      case 'start':
        return;
      case 'reload':
        return this.#reload();
      case 'state':
        this.#notifier.state(message);
        return this.#stateChanged(message);
      case 'group':
        return this.#notifier.group(message.group, message.state);
      case 'sysctls':
        this.#former = message.former;
        return;
      case 'heardLower':
        return this.#notifier.heardLower(message.instance, message.priority);
      case 'priority':
        return this.#notifier.priority(message.instance, message.priority);
      case 'rehearse':
        return this.#edges.say(await this.#state.rehearse(this.#plan.pools, message.facts));
      case 'count':
        // Not awaited: states that change meanwhile are acted upon.
        this.#count(message).catch(this.#edges.fail);
        return;
      case 'dump':
        return this.#dump(message);
      case 'facts':
        return this.#metrics.told(message.facts);
      case 'recording': {
        const { runtimeDirectory, recordings } = this.#plan.director;
        return this.#recordings.keep(message.recording, runtimeDirectory, recordings);
      }
      case 'stop':
        return this.#stop(this.#options.keepServices);
    }
    message satisfies never;
  }

  async #count({ flushMs }: Message<'count'>): Promise<void> {
    const coverage = await this.#sync.flushed(flushMs);
    this.#edges.tell({ type: 'counted', connections: await this.#plane.countConnections(), coverage });
  }

  async #dump({ facts, lastEvents }: Message<'dump'>): Promise<void> {
    const document = await this.#state.read(facts, [...lastEvents, ...this.#edges.recent()]);
    this.#edges.say(await writeState(this.#plan.director.runtimeDirectory, document));
  }

  /** The director is dead: what it held and what we hold goes, and the peer is told at once. */
  async guard(): Promise<void> {
    const masters = [...this.#states].filter(([, state]) => serves(state)).map(([name]) => name);
    this.#edges.say({
      event: 'balancer.guardian',
      message: 'the director process is gone: removing its addresses and services',
      fields: { masters },
    });
    removeLeftovers(this.#roster, masters, this.#former);
    for (const { name, priority } of this.#plan.elector.instances)
      this.#notifier.state({ instance: name, state: 'INIT', priority });
    await this.#stop(false);
  }

  /** Table first, then the elector: a director that owns a VIP must have its services. */
  async #apply(): Promise<void> {
    nameThread(this.#plan.director.checkerName ?? NAMES.balancer);
    this.#elector = this.#planElector();
    this.#notifier.configure(this.#planner.notify(this.#loaded.configuration, this.#plan.notify));
    this.#services.weights.keepIn(this.#plan.director.runtimeDirectory);
    const syncPlan = planSyncStream(this.#loaded.configuration);
    this.#services.weights.share(syncPlan !== undefined);
    const { configuration } = this.#loaded;
    this.#services.configure(await this.#marks.begin(this.#plan, configuration));
    this.#services.weights.rest(() => restingPools(planServing(configuration), this.#serves));
    this.#notifier.forgetFormerServices();
    this.#ipvs.keepBuffer(this.#plan.ipvs.netlinkBuffer);
    await this.#ipvs.apply(this.#plan.ipvs.timeouts);
    this.#settings.configure(this.#plan.ipvs.settings);
    await this.#linger();
    await this.#services.apply();
    await this.#marks.end(this.#plan);
    await this.#sync.configure(syncPlan);
    this.#tellFormer();
    await this.#applyRoles();
    this.#trackers.configure(this.#plan.trackers);
    this.#links.configure(this.#plan.trackers.links);
    this.#unfit = this.#scripts.configure(this.#plan.trackers.scripts);
    this.#elector = this.#planElector();
    this.#edges.tell({
      type: 'configured',
      elector: this.#elector,
      drillHoldMs: this.#plan.director.drillHoldMs,
      leastPercent: this.#sync.isRunning ? this.#plan.director.syncLeastPercent : undefined,
      processName: this.#plan.director.processName,
      shutdownMs: this.#plan.notify.shutdown?.timeoutMs ?? 0,
      accepted: this.#loaded.accepted,
    });
    this.#planKeeper.keep(this.#plan);
    this.#control.keep(this.#plan.director.control);
    this.#metrics.configure(configuration.director);
  }

  #tellFormer(): void {
    const sysctls = this.#plane.connections?.former ?? new Map();
    const { former: settings } = this.#settings;
    const former = { sysctls, settings, timeouts: this.#ipvs.original, marks: this.#plan.marks };
    this.#edges.tell({ type: 'formerIpvs', former });
  }

  async #reload(): Promise<void> {
    const result = reloadConfiguration(this.#options, this.#loaded);
    this.#metrics.reloaded(result.ok);
    if (!result.ok) {
      const message = `configuration rejected, the old one stays in force\n${result.text}`;
      return this.#edges.say({ event: 'config.rejected', message, fields: { text: result.text } });
    }
    result.loaded.notices.forEach(this.#edges.say);
    this.#loaded = result.loaded;
    const before = this.#plan;
    const plan = this.#planner.plan(result.loaded.configuration);
    // Another engine takes a restart: until then the old one is what is in force.
    this.#plan = { ...plan, director: { ...plan.director, engine: before.director.engine } };
    this.#keeper.refresh();
    await this.#apply();
    // Last, because with thousands of services it takes a moment that nothing should wait for.
    if (changesNothing(before, this.#plan))
      this.#edges.say({ event: 'config.unchanged', message: 'the new configuration changes nothing' });
  }

  async #applyRoles(): Promise<void> {
    this.#services.suspend(suspendedServices(this.#plan.suspensions, this.#serves));
    const turning = this.#turning.instances;
    this.#roster = withLeaving(this.#elector, this.#roster, this.#isHere);
    const owned = ownedAddresses(this.#roster, this.#states, turning);
    const served = servedAddresses(this.#roster, this.#plane.engine, this.#states, owned);
    await this.#sync.serveAfter(served, () => this.#own(owned));
    const { daemons = wantedSync(this.#plan.sync, this.#states, turning) } = this.#sync;
    await this.#keeper.wantSync(daemons);
    await this.#linger();
  }

  #linger(): Promise<void> {
    return this.#lingering.hold(leavingAddresses(this.#elector, this.#roster, this.#isHere));
  }

  /** An engine that has none is not asked about none: it is another thread, which may not run for a while. */
  async #own(addresses: readonly OwnedAddress[]): Promise<void> {
    const nothingChanges = !this.#owns && addresses.length === 0;
    this.#owns = addresses.length > 0;
    if (!nothingChanges) await this.#plane.own(addresses);
  }

  async #stateChanged({ instance, state }: Message<'state'>): Promise<void> {
    const before = this.#states.get(instance);
    this.#states.set(instance, state);
    if (this.#elector.addresses === 'engine' && serves(before) !== serves(state))
      this.#turning.begin(instance, serves(state));
    await this.#applyRoles();
  }

  async #stop(keepServices: boolean): Promise<void> {
    this.#notifier.stopServices();
    this.#pairOrders.stop();
    const servicesStopped = this.#services.stop();
    const told = this.#notifier.settle(NOTIFY_STOP_MS);
    const silent = Promise.all([this.#control.close(), this.#metrics.close()]);
    await servicesStopped;
    this.#trackers.stop();
    this.#links.stop();
    this.#scripts.stop();
    this.#keeper.stopWatching();
    await this.#turning.finish();
    await this.#own([]);
    await this.#sync.stop();
    if (!keepServices) {
      await this.#keeper.wantSync([]);
      await this.#keeper.want(new Map());
      if (this.#plan.ipvs.flushesAtStop) await this.#ipvs.flush();
    }
    await this.#marks.end(undefined, keepServices);
    await this.#ipvs.apply(undefined);
    this.#settings.configure({});
    await silent;
    await this.#plane.close();
    await this.#planKeeper.remove();
    await this.#recordings.settled();
    await told;
    this.#notifier.close();
    const { shutdown } = this.#plan.notify;
    if (shutdown !== undefined)
      await this.#programs.runAndTell(shutdown, shutdown, { script: 'shutdown_script' });
    await this.#programs.stop(0);
  }
}
