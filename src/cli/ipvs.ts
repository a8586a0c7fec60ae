// `lvs-director ipvs`: what ipvsadm lists, in its words and with its options, of the director that runs here
// or of the kernel.
import { plain, renderJson } from '../console/plain.ts';
import type { Address } from '../core/address.ts';
import { DirectorError } from '../core/errors.ts';
import type { ShownConnection } from '../ipvs/connection.ts';
import {
  type ConnectionColumns,
  renderConnection,
  renderConnectionsHead,
} from '../ipvs/ipvsadm/connections.ts';
import { type Names, NUMERIC } from '../ipvs/ipvsadm/names.ts';
import { renderDaemons, renderTimeouts } from '../ipvs/ipvsadm/rest.ts';
import { renderRules } from '../ipvs/ipvsadm/rules.ts';
import { type Columns, renderTable, renderVersion } from '../ipvs/ipvsadm/table.ts';
import type { ListedService, Listing } from '../ipvs/listing.ts';
import { serviceKey } from '../ipvs/model.ts';
import { LookedUp } from '../linux/names.ts';
import { askedService, type ServiceFlags } from './ipvs-service.ts';
import { openSource, type Source } from './ipvs-source.ts';

export type IpvsFlags = ServiceFlags & {
  numeric: boolean;
  connection: boolean;
  save: boolean;
  timeout: boolean;
  daemon: boolean;
  stats: boolean;
  rate: boolean;
  thresholds: boolean;
  persistentConn: boolean;
  tunInfo: boolean;
  exact: boolean;
  /** False = as the engine has them. */
  sort: boolean;
  json: boolean;
  control?: string;
};
type Write = (text: string) => void;
type ExitCode = 0 | 1 | 2;
/** Names of so many connections are looked up together. */
const CONNECTIONS_AT_ONCE = 256;

/** 0; 1 when there is no such service; 2 when the options make no sense or nobody can tell. */
export async function ipvs(flags: IpvsFlags, write: Write, complain: Write): Promise<ExitCode> {
  let source: Source | undefined;
  try {
    const asked = await askedService(flags);
    const wrong = asked?.ok === false ? asked.message : conflict(flags, asked !== undefined);
    if (wrong !== undefined) return fail(2, wrong, complain);
    source = await openSource(flags.control);
    if (flags.connection) {
      await writeConnections(source.connections(), flags, write);
      return 0;
    }
    const listing = await source.listing();
    if (asked?.ok !== true) return await writeListing(listing, flags, write);
    const key = serviceKey(asked.selector);
    const service = listing.services.find((each) => serviceKey(each) === key);
    if (service === undefined) return fail(1, 'No such service', complain);
    write(await renderServices([service], flags));
    return 0;
  } catch (error) {
    if (error instanceof DirectorError) return fail(2, `${error.message}\n  = ${error.hint}`, complain);
    throw error;
  } finally {
    await source?.close();
  }
}

function fail(code: ExitCode, message: string, complain: Write): ExitCode {
  complain(`${message}\n`);
  return code;
}

/** Each of these is a listing of its own; and a saved table has its own columns. */
function conflict(flags: IpvsFlags, hasService: boolean): string | undefined {
  const chosen = [
    flags.connection && 'connection',
    hasService && 'service-address',
    flags.timeout && 'timeout',
    flags.daemon && 'daemon',
  ].filter((name) => name !== false);
  if (flags.save && chosen.length > 0) return `Illegal '${chosen[0]}' option with the 'save' command`;
  if (chosen.length < 2) return undefined;
  return `The option '${chosen[1]}' conflicts with the '${chosen[0]}' option in the 'list' command`;
}

async function writeListing(listing: Listing, flags: IpvsFlags, write: Write): Promise<0> {
  if (flags.json) write(renderJson(listing));
  else if (flags.timeout) write(renderTimeouts(listing.timeouts));
  else if (flags.daemon) write(renderDaemons(listing.daemons));
  else if (flags.save) write(renderRules(listing.services, await namesOf(listing.services, flags)));
  else write(renderVersion(listing) + (await renderServices(listing.services, flags)));
  return 0;
}

async function renderServices(services: readonly ListedService[], flags: IpvsFlags): Promise<string> {
  if (flags.json) return renderJson(services);
  const names = await namesOf(services, flags);
  return renderTable(services, { columns: columnsOf(flags), names, exact: flags.exact, sorted: flags.sort });
}

/** Of several the first, as ipvsadm has them. */
function columnsOf(flags: IpvsFlags): Columns {
  if (flags.stats) return 'stats';
  if (flags.rate) return 'rate';
  if (flags.thresholds) return 'thresholds';
  if (flags.persistentConn) return 'persistent';
  return flags.tunInfo ? 'tunnel' : 'usual';
}

async function namesOf(services: readonly ListedService[], { numeric }: IpvsFlags): Promise<Names> {
  if (numeric) return NUMERIC;
  const names = new LookedUp();
  const virtual = services.flatMap((service) => ('mark' in service ? [] : [service.address]));
  const real = services.flatMap(({ servers }) => servers.map(({ address }) => address));
  await names.lookUp([...virtual, ...real]);
  return names;
}

async function writeConnections(
  connections: AsyncIterable<ShownConnection>,
  flags: IpvsFlags,
  write: Write,
): Promise<void> {
  const known = flags.numeric || flags.json ? undefined : new LookedUp();
  const columns: ConnectionColumns = { names: known ?? NUMERIC, withEngine: flags.persistentConn };
  if (!flags.json) write(renderConnectionsHead(columns));
  for await (const some of portions(connections)) {
    await known?.lookUp(addressesOf(some));
    const lines = some.map((each) =>
      flags.json ? `${JSON.stringify(plain(each))}\n` : renderConnection(each, columns),
    );
    write(lines.join(''));
  }
}

async function* portions<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let portion: T[] = [];
  for await (const item of items) {
    portion.push(item);
    if (portion.length < CONNECTIONS_AT_ONCE) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

function addressesOf(connections: readonly ShownConnection[]): Address[] {
  return connections.flatMap(({ client, virtual, destination }) => [client, virtual, destination]);
}
