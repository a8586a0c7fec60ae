// `lvs-director realserver apply|verify|remove -f FILE`: makes this machine the real server that a director's
// configuration takes it for, says what is wrong with it, and gives back what was. On a director `verify`
// asks the real servers by packets.
import type { Configuration } from '../config/model.ts';
import { type Address, parseAddress } from '../core/address.ts';
import { DirectorError } from '../core/errors.ts';
import { type Duties, type Duty, dutiesAt, dutiesOf, heldAddresses } from '../director/preflight/duties.ts';
import { examineServer } from '../director/preflight/examine.ts';
import { type Finding, worstOf } from '../director/preflight/finding.ts';
import type { Host } from '../director/preflight/host.ts';
import { listOf, renderFindings, summary } from '../director/preflight/text.ts';
import type { NetlinkSocket } from '../linux/netlink-socket.ts';
import { openRequests, readHost } from '../linux/preflight/host.ts';
import { readForHere } from './read-file.ts';
import { applyServer, removeServer } from './realserver-apply.ts';
import { verifyServers } from './realserver-verify.ts';

export type RealserverFlags = {
  useFile: readonly string[];
  /** Which real servers; this machine's by default. */
  address?: readonly string[];
  /** Of directors, in the networks of NAT servers. */
  gateway?: readonly string[];
  /** Of services that are known by a firewall mark. */
  vip?: readonly string[];
  /** What applied steps are written to. */
  state?: string;
  /** Whose view `verify` takes; by default who this machine is. */
  from?: 'server' | 'director';
  dryRun: boolean;
  json: boolean;
  configId?: string;
};
export type Action = 'apply' | 'verify' | 'remove';
/**
 * 0 as it has to be; 1 something is not; 2 nobody can tell, or the options make no sense; 4 the file cannot
 * run.
 */
export type RealserverExit = 0 | 1 | 2 | 4;
export type Outcome = { exitCode: RealserverExit; output: string };

/** What all the commands begin with. */
export type Task = {
  duties: Duties;
  host: Host;
  gateways: readonly Address[];
  /** Of the file's instances. */
  interfaces: readonly string[];
  requests: NetlinkSocket;
  statePath: string;
  flags: RealserverFlags;
};

export async function realserver(action: Action, flags: RealserverFlags): Promise<Outcome> {
  const read = readForHere(flags.useFile, flags);
  if (!read.ok) return failure(4, read.text, flags);
  let requests: NetlinkSocket | undefined;
  try {
    requests = openRequests();
    return await act(action, taskOf(read.configuration, requests, flags));
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error;
    return failure(2, `error: ${error.message} [${error.code}]\n  = ${error.hint}\n`, flags);
  } finally {
    requests?.close();
  }
}

function taskOf(configuration: Configuration, requests: NetlinkSocket, flags: RealserverFlags): Task {
  const { gateway = [], vip = [], state } = flags;
  const named = gateway.map(given);
  return {
    duties: dutiesOf(configuration, vip.map(given)),
    host: readHost(requests),
    gateways: named.length > 0 ? named : heldAddresses(configuration),
    interfaces: configuration.instances.map((instance) => instance.interface.value),
    requests,
    statePath: state ?? `${configuration.director.runtimeDirectory.value}/realserver.json`,
    flags,
  };
}

function given(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new DirectorError('OPTION_INVALID', `${text} is no IP address`);
  return address;
}

async function act(action: Action, task: Task): Promise<Outcome> {
  if (action === 'remove') return removeServer(task);
  const { host, duties, flags, gateways } = task;
  const own = ownServers(task);
  if (action === 'verify' && isDirector(task, own)) return verifyServers(task, askedServers(task));
  if (own.length === 0) return failure(2, nobody(task), flags);
  const mine = dutiesAt(duties.duties, own);
  if (action === 'apply') return applyServer(task, mine);
  const findings = [...unnamed(duties, own[0]!), ...examineServer(mine, host, { gateways })];
  const exitCode = worstOf(findings) === 'wrong' ? 1 : 0;
  if (flags.json) return { exitCode, output: toJson({ exitCode, by: 'server', findings }) };
  return { exitCode, output: `${renderFindings(findings, mine)}${summary(findings)}` };
}

/** Who is no real server, and holds a virtual address or an interface of an instance. */
function isDirector({ flags: { from }, host, interfaces, gateways }: Task, own: readonly Address[]): boolean {
  if (from !== undefined) return from === 'director';
  if (own.length > 0) return false;
  const isHere = ({ prefix, interface: name }: Host['addresses'][number]) =>
    gateways.includes(prefix.address) || interfaces.includes(name);
  return host.addresses.some(isHere);
}

function askedServers({ duties: { duties }, flags: { address } }: Task): Duty[] {
  return address === undefined ? [...duties] : dutiesAt(duties, address.map(given));
}

/** Real servers of the file that this machine is; those of `--address` only, if there are any. */
export function ownServers({ duties, host, flags }: Task): Address[] {
  const asked = flags.address?.map(given);
  const here = new Set(host.addresses.map(({ prefix }) => prefix.address));
  const servers = [...new Set(duties.duties.map(({ server }) => server))];
  // A server of a virtual address may have the address of another service: it is no server by that.
  const vips = new Set(duties.duties.map(({ vip }) => vip));
  return servers.filter(
    (server) => here.has(server) && (asked === undefined ? !vips.has(server) : asked.includes(server)),
  );
}

export function unnamed({ unnamed: names }: Duties, server: Address): Finding[] {
  return names.map((name) => ({
    code: 'RS_UNNAMED',
    level: 'warning',
    server,
    key: `mark ${name}`,
    says: `${name} is known by a mark: nobody knows its addresses`,
    hint: 'name them with --vip ADDRESS',
  }));
}

function nobody({ duties, host, flags }: Task): string {
  const servers = [...new Set(duties.duties.map(({ server }) => server))];
  const isOwn = ({ interface: name }: Host['addresses'][number]) => name !== 'lo';
  const own = host.addresses.filter(isOwn).map(({ prefix }) => prefix.address);
  const of = servers.length === 0 ? 'the file has no real server' : `real servers are ${listOf(servers)}`;
  const asked = flags.address === undefined ? 'this machine' : `${flags.address.join(', ')} of this machine`;
  return (
    `${asked} is no real server of ${flags.useFile.join(', ')}: ${of}; ` +
    `addresses here: ${listOf(own) || 'none'}\n` +
    '  = run it on a real server that has its address already, with the file of the directors\n'
  );
}

export function failure(exitCode: 2 | 4, text: string, { json }: Pick<RealserverFlags, 'json'>): Outcome {
  return { exitCode, output: json ? toJson({ exitCode, message: text.trimEnd() }) : text };
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
