// Keeps a data plane equal to what is wanted: reads what is there, reconciles, sends the difference.
// Wishes that come while one is being applied are not queued: the newest replaces them. Decides nothing
// itself (see ipvs/reconcile.ts).
import { isDeepStrictEqual } from 'node:util';
import type { Notice } from '../core/events.ts';
import { type ServiceKey, type SyncDaemon, serverKey, serviceKey, type Table } from '../ipvs/model.ts';
import type { Command, CommandFailure, DataPlane } from '../ipvs/plane.ts';
import { reconcile, reconcileSync } from '../ipvs/reconcile.ts';
import { type Refused, withoutRefused } from '../ipvs/refusals.ts';

const RETRY_MS = 1_000;
/** What this plane will never do: asking again each second would only fill the log. */
const FOR_GOOD = 'EOPNOTSUPP';

export class TableKeeper {
  readonly #plane: DataPlane;
  readonly #say: (notice: Notice) => void;
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

  constructor(plane: DataPlane, say: (notice: Notice) => void) {
    this.#plane = plane;
    this.#say = say;
  }

  /** Resolves when this wish, or a newer one, is applied (or failed and was logged). */
  want(table: Table): Promise<void> {
    const [wanted, refused] = withoutRefused(table, this.#plane.refusal);
    this.#reportRefused(refused);
    this.#wanted = wanted;
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
   * Forgets what it knew of the plane and looks again: at a reload, when somebody else may have changed
   * it.
   */
  refresh(): void {
    this.#actual = undefined;
  }

  stopRetrying(): void {
    clearTimeout(this.#retry);
  }

  #settle(): Promise<void> {
    this.#dirty = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      await this.#applyOnce();
    }
  }

  async #applyOnce(): Promise<void> {
    this.#actual ??= await this.#plane.readTable();
    const commands: Command[] = reconcile(this.#wanted, this.#actual, this.#owned);
    if (!this.#adopted) this.#reportAdopted(this.#actual);
    this.#adopted = true;
    if (this.#wantedSync !== undefined) {
      commands.push(...reconcileSync(this.#wantedSync, await this.#plane.readSync(), this.#ownedSync));
    }
    if (commands.length === 0) return;
    const started = performance.now();
    const failures = await this.#plane.apply(commands);
    this.#report(commands, failures, performance.now() - started);
    if (failures.length === 0) this.#actual = this.#expected(this.#actual);
    else this.#tryAgainLater(failures);
  }

  #expected(before: Table): Table {
    const others = [...before].filter(([key]) => !this.#owned.has(key));
    return new Map([...others, ...this.#wanted]);
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
