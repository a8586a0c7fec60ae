// Keeps a data plane equal to what is wanted: reads what is there, reconciles, sends the difference.
// Wishes that come while one is being applied are not queued: the newest replaces them. Decides nothing
// itself (see ipvs/reconcile.ts).
import { isDeepStrictEqual } from 'node:util';
import type { Notice } from '../core/events.ts';
import {
  type Service,
  type ServiceKey,
  type SyncDaemon,
  serverKey,
  serviceKey,
  type Table,
} from '../ipvs/model.ts';
import type { Command, CommandFailure, DataPlane } from '../ipvs/plane.ts';
import { reconcile, reconcileSync } from '../ipvs/reconcile.ts';
import { type Refused, withoutRefused } from '../ipvs/refusals.ts';
import { Repairs } from './repairs.ts';

const RETRY_MS = 1_000;
/** A table that somebody cleared is found so after this long, one server among thousands after a while. */
const AUDIT_MS = 400;
const AUDITED_AT_ONCE = 16;
/** After a reload, until every service has had its turn. */
const AUDITED_IN_HURRY = 128;
/** What this plane will never do: asking again each second would only fill the log. */
const FOR_GOOD = 'EOPNOTSUPP';

export class TableKeeper {
  readonly #plane: DataPlane;
  readonly #say: (notice: Notice) => void;
  readonly #onAdded: () => void;
  /** Every service we ever wanted: these are ours to change and to remove. */
  readonly #owned = new Set<ServiceKey>();
  /** Every sync thread we ever wanted; another one is somebody else's. */
  #ownedSync: readonly SyncDaemon[] = [];
  /** What the plane holds as far as we know; undefined = look first. */
  #actual: Table | undefined;
  #wanted: Table = new Map();
  #refused: readonly Refused[] = [];
  #wantedSync: readonly SyncDaemon[] | undefined;
  #adopted = false;
  #dirty = false;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #audit: NodeJS.Timeout | undefined;
  /** Wanted services in the order in which they are looked at, and whose turn it is. */
  #order: readonly ServiceKey[] = [];
  #turn = 0;
  #hurries = false;
  readonly #repairs = new Repairs();
  #isRepairing = false;

  /** `onAdded`: services or servers have been added. */
  constructor(plane: DataPlane, say: (notice: Notice) => void, onAdded: () => void) {
    this.#plane = plane;
    this.#say = say;
    this.#onAdded = onAdded;
  }

  /** Resolves when this wish, or a newer one, is applied (or failed and was logged). */
  want(table: Table): Promise<void> {
    const [wanted, refused] = withoutRefused(table, this.#plane.refusal, this.#wanted);
    this.#reportRefused(refused);
    this.#wanted = wanted;
    this.#order = [...wanted.keys()];
    this.#turn = 0;
    for (const key of wanted.keys()) this.#owned.add(key);
    return this.#settle();
  }

  /** Undefined = leave alone whatever runs. */
  wantSync(daemons: readonly SyncDaemon[] | undefined): Promise<void> {
    this.#wantedSync = daemons;
    const news = (daemons ?? []).filter(
      (one) => !this.#ownedSync.some((known) => isDeepStrictEqual(known, one)),
    );
    this.#ownedSync = [...this.#ownedSync, ...news];
    return this.#settle();
  }

  /**
   * Looks at all of the table soon: at a reload, when somebody else may have changed it. Meanwhile what is
   * wanted is compared with what is known: reading thousands of services takes a second that nobody should
   * wait.
   */
  refresh(): void {
    this.#turn = 0;
    this.#hurries = true;
  }

  /** How often the table was put back after somebody else had changed it. */
  get repairs(): number {
    return this.#repairs.count;
  }

  /** Looks from now on whether somebody else changes the table. `fail`: it cannot be read any more. */
  watch(fail: (error: Error) => void): void {
    if (this.#plane.readServices === undefined) return;
    this.#audit = setInterval(() => void this.#look().catch(fail), AUDIT_MS);
  }

  stopWatching(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#audit);
  }

  /** A few services each time; of a table that was cleared the first of them tells. */
  async #look(): Promise<void> {
    if (this.#running !== undefined || this.#actual === undefined) return;
    const [wanted, sync] = [this.#wanted, this.#wantedSync];
    const part = this.#nextPart();
    const found = await this.#plane.readServices!([...part.values()]);
    const runs = sync === undefined ? [] : await this.#plane.readSync();
    // What was wanted meanwhile has been compared with the table by itself.
    if (this.#running !== undefined || this.#wanted !== wanted || this.#wantedSync !== sync) return;
    const syncDiffers = sync !== undefined && reconcileSync(sync, runs, this.#ownedSync).length > 0;
    if (!syncDiffers && reconcile(part, found, new Set()).length === 0) return;
    if (this.#repairs.allow(performance.now())) {
      this.#isRepairing = true;
      this.#actual = undefined;
      return this.#settle();
    }
    if (!this.#repairs.isNews()) return;
    const message =
      'somebody else changes the table again and again: it is put back a few times in 10 s only';
    this.#say({ event: 'ipvs.contested', message, fields: { repairs: this.#repairs.count } });
  }

  #nextPart(): Table {
    const most = this.#hurries ? AUDITED_IN_HURRY : AUDITED_AT_ONCE;
    const part = this.#order.slice(this.#turn, this.#turn + most);
    this.#turn += most;
    if (this.#turn >= this.#order.length) {
      this.#turn = 0;
      this.#hurries = false;
    }
    return new Map(part.map((key) => [key, this.#wanted.get(key)!]));
  }

  #settle(): Promise<void> {
    this.#dirty = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Who wants something after its last look begins another one. */
  async #run(): Promise<void> {
    try {
      while (this.#dirty) {
        this.#dirty = false;
        await this.#applyOnce();
      }
    } finally {
      this.#running = undefined;
    }
  }

  async #applyOnce(): Promise<void> {
    this.#actual ??= await this.#plane.readTable();
    const runs = this.#wantedSync === undefined ? [] : await this.#plane.readSync();
    // From here until it is sent nothing is awaited: what is wanted stays the same.
    const commands: Command[] = reconcile(this.#wanted, this.#actual, this.#owned);
    if (!this.#adopted) this.#reportAdopted(this.#actual);
    this.#adopted = true;
    if (this.#wantedSync !== undefined)
      commands.push(...reconcileSync(this.#wantedSync, runs, this.#ownedSync));
    const isRepair = this.#isRepairing;
    this.#isRepairing = false;
    if (commands.length === 0) return;
    const expected = this.#expected(this.#actual);
    const started = performance.now();
    const failures = await this.#plane.apply(commands);
    const ms = performance.now() - started;
    if (commands.some((command) => command.do === 'addService' || command.do === 'addServer'))
      this.#onAdded();
    if (isRepair) this.#reportRepair(commands, ms);
    this.#report(commands, failures, ms);
    if (failures.length === 0) this.#actual = expected;
    else this.#tryAgainLater(failures);
  }

  #expected(before: Table): Table {
    const others: [ServiceKey, Service][] = [];
    for (const [key, service] of before) if (!this.#owned.has(key)) others.push([key, service]);
    return others.length === 0 ? this.#wanted : new Map([...this.#wanted, ...others]);
  }

  #tryAgainLater(failures: readonly CommandFailure[]): void {
    this.#actual = undefined;
    clearTimeout(this.#retry);
    if (failures.every(({ reason }) => reason === FOR_GOOD)) return;
    this.#retry = setTimeout(() => void this.#settle(), RETRY_MS);
  }

  #reportAdopted(table: Table): void {
    const services = [...table.keys()].filter((key) => this.#owned.has(key));
    if (services.length === 0) return;
    const message = `adopted ${services.length} services that were already in the table`;
    this.#say({ event: 'ipvs.adopted', message, fields: { services: services.length } });
  }

  #reportRepair(commands: readonly Command[], ms: number): void {
    const lost = commands.filter((command) => command.do === 'addService').length;
    const what = lost === 0 ? '' : `, ${lost} of them services that were gone`;
    const message = `somebody else changed the table: ${commands.length} commands put it back${what}`;
    const fields = { commands: commands.length, services: lost, ms: Math.round(ms * 10) / 10 };
    this.#say({ event: 'ipvs.repaired', message, fields: { ...fields, repairs: this.#repairs.count } });
  }

  /** Once, not with every change of a server's health. */
  #reportRefused(refused: readonly Refused[]): void {
    for (const one of refused) {
      if (this.#refused.some((known) => isDeepStrictEqual(known, one))) continue;
      const { service, server, reason } = one;
      const what = server === undefined ? service : `${server} of ${service}`;
      const message = `${what} is left out: the ${this.#plane.engine} engine cannot have it, ${reason}`;
      this.#say({ event: 'ipvs.refused', message, fields: one });
    }
    this.#refused = refused;
  }

  #report(commands: readonly Command[], failures: readonly CommandFailure[], ms: number): void {
    const elapsedMs = Math.round(ms * 10) / 10;
    for (const command of commands) {
      if (command.do !== 'startSync' && command.do !== 'stopSync') continue;
      const { role, interface: device, id } = command.daemon;
      const verb = command.do === 'startSync' ? 'started' : 'stopped';
      const message = `sync ${role} on ${device} (id ${id}) ${verb}`;
      this.#say({ event: 'sync.daemon', message, fields: { role, interface: device, id, verb } });
    }
    const applied = commands.length - failures.length;
    const message = `${applied} commands applied in ${elapsedMs} ms`;
    this.#say({ event: 'ipvs.applied', message, fields: { commands: applied, ms: elapsedMs } });
    for (const { command, reason } of failures) {
      const next = reason === FOR_GOOD ? 'this engine cannot do it' : `again in ${RETRY_MS / 1000} s`;
      const text = `${command.do} ${describe(command)}: ${reason}; ${next}`;
      this.#say({ event: 'ipvs.failed', message: text, fields: { command: command.do, reason } });
    }
  }
}

function describe(command: Command): string {
  switch (command.do) {
    case 'startSync':
    case 'stopSync':
      return `${command.daemon.role} ${command.daemon.interface}`;
    case 'addServer':
    case 'setServer':
    case 'delServer':
      return `${serviceKey(command.service)} ${serverKey(command.server)}`;
    case 'addService':
    case 'setService':
    case 'delService':
      return serviceKey(command.service);
  }
}
