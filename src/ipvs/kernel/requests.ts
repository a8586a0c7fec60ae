// IPVS over generic netlink: commands and questions as requests (the kernel's answers are in answers.ts).
// Does no input or output.
import { type Address, addressBytes, type Family, familyOf } from '../../core/address.ts';
import { SERVICE_PROTOCOL } from '../../core/ip-header.ts';
import { type ValuesOf, zeroedBytes } from '../../netlink/attributes.ts';
import { encodeGeneric } from '../../netlink/generic.ts';
import { NLM_F, type Request } from '../../netlink/message.ts';
import {
  familyOfService,
  type Selector,
  type Server,
  type ServiceHead,
  type SyncDaemon,
  serverKey,
  serviceKey,
} from '../model.ts';
import type { Command, Timeouts } from '../plane.ts';
import {
  ADDRESS_SIZE,
  AF,
  CMD,
  COMMAND,
  type DAEMON,
  DAEMON_STATE,
  type DESTINATION,
  FAMILY_VERSION,
  FORWARD,
  type SERVICE,
  SERVICE_FLAG,
  TUNNEL,
  TUNNEL_CHECKSUM,
} from './attributes.ts';

/** Flags we decide about; HASHED and what may come later stay as the kernel has them. */
const FLAG_MASK = SERVICE_FLAG.PERSISTENT | SERVICE_FLAG.ONEPACKET | SERVICE_FLAG.SCHED;
type CommandValues = ValuesOf<typeof COMMAND>;

/** `family` is the number that the controller gave for {@link FAMILY_NAME}. */
export function commandRequest(family: number, command: Command): Request {
  const { number, name, values } = encodeCommand(command);
  return request(family, name, { number, flags: NLM_F.ACK }, values);
}
export function dumpServices(family: number): Request {
  return request(family, 'GET_SERVICE', { number: CMD.GET_SERVICE, flags: NLM_F.DUMP }, {});
}
/** Refused with ESRCH when there is no such service. */
export function getService(family: number, service: Selector): Request {
  const values = { service: serviceIdentity(service) };
  const name = `GET_SERVICE ${serviceKey(service)}`;
  return request(family, name, { number: CMD.GET_SERVICE, flags: NLM_F.ACK }, values);
}
export function dumpServers(family: number, service: Selector): Request {
  const values = { service: serviceIdentity(service) };
  const name = `GET_DEST ${serviceKey(service)}`;
  return request(family, name, { number: CMD.GET_DEST, flags: NLM_F.DUMP }, values);
}
export function dumpDaemons(family: number): Request {
  return request(family, 'GET_DAEMON', { number: CMD.GET_DAEMON, flags: NLM_F.DUMP }, {});
}
export function getInfo(family: number): Request {
  return request(family, 'GET_INFO', { number: CMD.GET_INFO, flags: NLM_F.ACK }, {});
}
export function getTimeouts(family: number): Request {
  return request(family, 'GET_CONFIG', { number: CMD.GET_CONFIG, flags: NLM_F.ACK }, {});
}
/** 0 leaves one as it is. */
export function changeTimeouts(family: number, timeouts: Timeouts): Request {
  const values = {
    tcpTimeoutSeconds: timeouts.tcpSeconds,
    tcpFinTimeoutSeconds: timeouts.tcpFinSeconds,
    udpTimeoutSeconds: timeouts.udpSeconds,
  };
  return request(family, 'SET_CONFIG', { number: CMD.SET_CONFIG, flags: NLM_F.ACK }, values);
}
/** Sets the counters of one service, or of everything, to zero. */
export function zeroCounters(family: number, service?: Selector): Request {
  const values = service === undefined ? {} : { service: serviceIdentity(service) };
  return request(family, 'ZERO', { number: CMD.ZERO, flags: NLM_F.ACK }, values);
}
/** Removes every service there is, whoever made it. */
export function flushAll(family: number): Request {
  return request(family, 'FLUSH', { number: CMD.FLUSH, flags: NLM_F.ACK }, {});
}

function encodeCommand(command: Command): { number: number; name: string; values: CommandValues } {
  switch (command.do) {
    case 'addService':
      return forService(CMD.NEW_SERVICE, 'NEW_SERVICE', command.service, serviceValues(command.service));
    case 'setService':
      return forService(CMD.SET_SERVICE, 'SET_SERVICE', command.service, serviceValues(command.service));
    case 'delService':
      return forService(CMD.DEL_SERVICE, 'DEL_SERVICE', command.service, serviceIdentity(command.service));
    case 'addServer':
      return forServer(CMD.NEW_DEST, 'NEW_DEST', command, serverValues(command.server));
    case 'setServer':
      return forServer(CMD.SET_DEST, 'SET_DEST', command, serverValues(command.server));
    case 'delServer':
      return forServer(CMD.DEL_DEST, 'DEL_DEST', command, serverIdentity(command.server));
    case 'startSync':
      return forDaemon(CMD.NEW_DAEMON, 'NEW_DAEMON', command.daemon, daemonValues(command.daemon));
    case 'stopSync':
      return forDaemon(CMD.DEL_DAEMON, 'DEL_DAEMON', command.daemon, daemonIdentity(command.daemon));
  }
}
function forService(number: number, name: string, head: Selector, service: ValuesOf<typeof SERVICE>) {
  return { number, name: `${name} ${serviceKey(head)}`, values: { service } };
}
function forServer(
  number: number,
  name: string,
  of: { service: Selector; server: Server },
  destination: ValuesOf<typeof DESTINATION>,
) {
  const values = { service: serviceIdentity(of.service), destination };
  return { number, name: `${name} ${serviceKey(of.service)} ${serverKey(of.server)}`, values };
}
function forDaemon(number: number, name: string, of: SyncDaemon, daemon: ValuesOf<typeof DAEMON>) {
  return { number, name: `${name} ${of.role} ${of.interface}`, values: { daemon } };
}

function serviceIdentity(of: Selector): ValuesOf<typeof SERVICE> {
  const family = familyNumber(familyOfService(of));
  if ('mark' in of) return { family, firewallMark: of.mark };
  return { family, protocol: SERVICE_PROTOCOL[of.protocol], address: wideAddress(of.address), port: of.port };
}
function serviceValues(head: ServiceHead): ValuesOf<typeof SERVICE> {
  const persistent = head.persistenceSeconds > 0 ? SERVICE_FLAG.PERSISTENT : 0;
  const onePacket = head.onePacket ? SERVICE_FLAG.ONEPACKET : 0;
  return {
    ...serviceIdentity(head),
    scheduler: head.scheduler,
    flags: { value: persistent | onePacket | (head.schedulerFlags & SERVICE_FLAG.SCHED), mask: FLAG_MASK },
    persistenceSeconds: head.persistenceSeconds,
    netmask: netmask(familyOfService(head), head.persistencePrefix),
    // Left out, it takes away the one there is.
    persistenceEngine: head.persistenceEngine,
  };
}
function serverIdentity(server: Server): ValuesOf<typeof DESTINATION> {
  return {
    address: wideAddress(server.address),
    port: server.port,
    family: familyNumber(familyOf(server.address)),
  };
}
function serverValues(server: Server): ValuesOf<typeof DESTINATION> {
  return {
    ...serverIdentity(server),
    forward: FORWARD[server.forwarding],
    weight: server.weight,
    upperThreshold: server.upperThreshold,
    lowerThreshold: server.lowerThreshold,
    ...tunnelValues(server),
  };
}
/** Left out = ipip, also of a server that had another one. */
function tunnelValues({ tunnel }: Server): ValuesOf<typeof DESTINATION> {
  if (tunnel === undefined) return {};
  return {
    tunnelType: TUNNEL[tunnel.type],
    tunnelPort: tunnel.type === 'gue' ? tunnel.port : 0,
    tunnelFlags: TUNNEL_CHECKSUM[tunnel.checksum],
  };
}
function daemonIdentity(daemon: SyncDaemon): ValuesOf<typeof DAEMON> {
  return {
    state: daemon.role === 'master' ? DAEMON_STATE.MASTER : DAEMON_STATE.BACKUP,
    interface: daemon.interface,
    id: daemon.id,
  };
}
function daemonValues(daemon: SyncDaemon): ValuesOf<typeof DAEMON> {
  const six = daemon.group !== undefined && familyOf(daemon.group) === 6;
  return {
    ...daemonIdentity(daemon),
    maxlen: daemon.maxlen,
    port: daemon.port,
    ttl: daemon.ttl,
    group: six ? undefined : daemon.group,
    group6: six ? daemon.group : undefined,
  };
}

function request(
  family: number,
  name: string,
  command: { number: number; flags: number },
  values: CommandValues,
): Request {
  const header = { command: command.number, version: FAMILY_VERSION };
  const payload = encodeGeneric(header, COMMAND, values);
  return { name: `IPVS ${name}`, type: family, flags: command.flags, payload };
}

function familyNumber(family: Family): number {
  return family === 4 ? AF.INET : AF.INET6;
}
function wideAddress(address: Address): Buffer {
  const wide = zeroedBytes(ADDRESS_SIZE);
  wide.set(addressBytes(address));
  return wide;
}
function netmask(family: Family, prefixLength: number): Buffer {
  const mask = zeroedBytes(4);
  if (family === 6) mask.writeUInt32LE(prefixLength);
  else mask.writeUInt32BE(prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0);
  return mask;
}
