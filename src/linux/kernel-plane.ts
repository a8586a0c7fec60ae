// The kernel's IPVS as a data plane: generic netlink underneath, in the network namespace of the thread that
// opens it. Calls are synchronous but given in portions, so that a table of thousands of services does not
// hold up the process.
import assert from 'node:assert';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DirectorError } from '../core/errors.ts';
import type { ShownConnection } from '../ipvs/connection.ts';
import {
  decodeDaemon,
  decodeInfo,
  decodeServer,
  decodeService,
  decodeTimeouts,
  type ServerEntry,
  type ServiceEntry,
} from '../ipvs/kernel/answers.ts';
import { FAMILY_NAME } from '../ipvs/kernel/attributes.ts';
import { parseConnectionLine } from '../ipvs/kernel/connection-lines.ts';
import {
  changeTimeouts,
  commandRequest,
  dumpDaemons,
  dumpServers,
  dumpServices,
  flushAll,
  getInfo,
  getService,
  getTimeouts,
} from '../ipvs/kernel/requests.ts';
import {
  familyOfService,
  type ServerCounters,
  type ServerKey,
  type Service,
  type ServiceCounters,
  type ServiceHead,
  type ServiceKey,
  type SyncDaemon,
  serverKey,
  serviceKey,
  type Table,
} from '../ipvs/model.ts';
import type {
  Command,
  CommandFailure,
  Counted,
  DataPlane,
  EngineInfo,
  OwnedAddress,
  Timeouts,
} from '../ipvs/plane.ts';
import type { Decoded } from '../netlink/attributes.ts';
import { decodeFamily, familyRequest, NETLINK_GENERIC } from '../netlink/generic.ts';
import { SystemCallError } from './libc.ts';
import { MarkTables } from './mark-tables.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { KernelExchange } from './sync/kernel-exchange.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

/**
 * A few ms of work each, after which others of the process get their turn; what they are made into is garbage
 * before it gets old.
 */
const COMMANDS_AT_ONCE = 256;
const SERVICES_AT_ONCE = 128;
/** Of this thread: /proc/net would be the namespace of the process's first thread. */
const PROC_TABLE = '/proc/thread-self/net/ip_vs';
const PROC_CONNECTIONS = '/proc/thread-self/net/ip_vs_conn';
const run = promisify(execFile);

/** Undefined when this kernel has no IPVS and cannot load it. */
export async function openKernelPlane(): Promise<KernelPlane | undefined> {
  const socket = new NetlinkSocket(NETLINK_GENERIC);
  try {
    // The kernel itself may load the module when it is asked for the family; where it does not, modprobe may.
    const family = findFamily(socket) ?? ((await loadModule()) ? findFamily(socket) : undefined);
    if (family !== undefined) return new KernelPlane(socket, family);
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.close();
  return undefined;
}

export class KernelPlane implements DataPlane {
  readonly engine = 'kernel';
  readonly connections = new KernelExchange(this);
  readonly marker = new MarkTables();
  readonly #socket: NetlinkSocket;
  readonly #family: number;

  constructor(socket: NetlinkSocket, family: number) {
    this.#socket = socket;
    this.#family = family;
  }

  /** What this kernel has no module for, it says itself. */
  refusal(): undefined {}

  async readTable(): Promise<Table> {
    const table = new Map<ServiceKey, Service>();
    for await (const [service, servers] of this.#walk())
      table.set(serviceKey(service.head), tabled(service, servers));
    return table;
  }

  async readServices(services: readonly ServiceHead[]): Promise<Table> {
    const found = services.flatMap((service) => this.#readService(service) ?? []);
    return new Map(found.map((service) => [serviceKey(service), service]));
  }

  #readService(wanted: ServiceHead): Service | undefined {
    try {
      const [answer] = this.#socket.request(getService(this.#family, wanted));
      const entry = answer && understood(decodeService(answer));
      return entry && tabled(entry, this.#serversOf(entry));
    } catch (error) {
      if (error instanceof SystemCallError && error.errno === 'ESRCH') return undefined;
      throw error;
    }
  }

  async readCounted(): Promise<Counted> {
    const table = new Map<ServiceKey, Service>();
    const counters = new Map<ServiceKey, ServiceCounters>();
    for await (const [service, servers] of this.#walk()) {
      const key = serviceKey(service.head);
      table.set(key, tabled(service, servers));
      const entries = servers.map((entry) => [serverKey(entry.server), entry.counters] as const);
      counters.set(key, { ...service.counters, servers: new Map(entries) });
    }
    return { table, counters };
  }

  async readServerCounters(
    services: readonly ServiceHead[],
  ): Promise<ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, ServerCounters>>> {
    const all = new Map<ServiceKey, ReadonlyMap<ServerKey, ServerCounters>>();
    for (const [index, head] of services.entries()) {
      if (index > 0 && index % SERVICES_AT_ONCE === 0) await setImmediate();
      const entries = this.#serversOf({ head }).map(
        ({ server, counters }) => [serverKey(server), counters] as const,
      );
      all.set(serviceKey(head), new Map(entries));
    }
    return all;
  }

  async readSync(): Promise<readonly SyncDaemon[]> {
    return this.#socket
      .request(dumpDaemons(this.#family))
      .map((message) => understood(decodeDaemon(message)));
  }

  async readInfo(): Promise<EngineInfo> {
    const [info] = this.#socket.request(getInfo(this.#family));
    const [timeouts] = this.#socket.request(getTimeouts(this.#family));
    assert(info && timeouts, 'the kernel answers or gives an error');
    return { ...understood(decodeInfo(info)), timeouts: understood(decodeTimeouts(timeouts)) };
  }

  async apply(commands: readonly Command[]): Promise<readonly CommandFailure[]> {
    const failures: CommandFailure[] = [];
    for (let start = 0; start < commands.length; start += COMMANDS_AT_ONCE) {
      if (start > 0) await setImmediate();
      const portion = commands.slice(start, start + COMMANDS_AT_ONCE);
      const results = this.#socket.requestMany(
        portion.map((command) => commandRequest(this.#family, command)),
      );
      for (const [index, result] of results.entries()) {
        if (!result.ok) failures.push({ command: portion[index]!, reason: result.errno });
      }
    }
    return failures;
  }

  async changeTimeouts(timeouts: Timeouts): Promise<void> {
    this.#socket.request(changeTimeouts(this.#family, timeouts));
  }

  readSetting(name: string): string | undefined {
    return readSysctl(`ipv4/vs/${name}`);
  }
  changeSetting(name: string, value: string): string | undefined {
    return writeSysctl(`ipv4/vs/${name}`, value);
  }

  keepBuffer(wanted: { bytes: number; forced: boolean } | undefined): number {
    return this.#socket.keepBuffer(wanted);
  }

  async flush(): Promise<void> {
    this.#socket.request(flushAll(this.#family));
  }

  /** The addresses are on interfaces: the kernel knows. */
  async own(_: readonly OwnedAddress[]): Promise<void> {}

  /**
   * Connections of servers in the table; persistence templates and those without a server are not among them.
   */
  async countConnections(): Promise<number> {
    return sumConnections(await readFile(PROC_TABLE, 'latin1'));
  }

  /** The kernel walks its whole table anew for each few of them: not for anything that is done often. */
  async *readConnections(): AsyncGenerator<ShownConnection> {
    const input = createReadStream(PROC_CONNECTIONS, 'latin1');
    for await (const line of createInterface({ input })) {
      const connection = parseConnectionLine(line);
      if (connection !== undefined) yield connection;
    }
  }

  async close(): Promise<void> {
    this.#socket.close();
    this.marker.close();
  }

  async *#walk(): AsyncGenerator<[ServiceEntry, ServerEntry[]]> {
    const services = this.#socket.request(dumpServices(this.#family));
    for (const [index, message] of services.entries()) {
      if (index > 0 && index % SERVICES_AT_ONCE === 0) await setImmediate();
      const service = understood(decodeService(message));
      if (service !== undefined) yield [service, this.#serversOf(service)];
    }
  }

  /** None also when the service has gone since it was listed. */
  #serversOf({ head }: Pick<ServiceEntry, 'head'>): ServerEntry[] {
    const answers = this.#socket.request(dumpServers(this.#family, head));
    return answers
      .map((answer) => understood(decodeServer(answer, familyOfService(head))))
      .filter((entry) => entry !== undefined);
  }
}

function tabled({ head }: ServiceEntry, servers: readonly ServerEntry[]): Service {
  return { ...head, servers: new Map(servers.map(({ server }) => [serverKey(server), server])) };
}

function findFamily(socket: NetlinkSocket): number | undefined {
  try {
    const [answer] = socket.request(familyRequest(FAMILY_NAME));
    assert(answer, 'the controller answers with a family or an error');
    return understood(decodeFamily(answer)).id;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

async function loadModule(): Promise<boolean> {
  try {
    await run('modprobe', ['-q', 'ip_vs']);
    return true;
  } catch {
    // No such module, no modprobe or not our right: in each case there is no IPVS to be had, which the caller
    // tells.
    return false;
  }
}

/** The kernel's own bytes: what we cannot read is a kernel we do not know. */
function understood<T>(decoded: Decoded<T>): T {
  if (decoded.ok) return decoded.value;
  throw new DirectorError('SYSTEM_CALL', `an answer of the kernel's IPVS makes no sense: ${decoded.drop}`);
}

/** Of the lines `  -> 0A010015:0050  Masq  1  12  3`: the last two numbers, active and inactive. */
export function sumConnections(text: string): number {
  let sum = 0;
  for (const [, active, inactive] of text.matchAll(/^ +-> [^ ]+ +\S+ +-?\d+ +(\d+) +(\d+) *$/gm)) {
    sum += Number(active) + Number(inactive);
  }
  return sum;
}
