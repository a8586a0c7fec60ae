// IPVS over generic netlink: the kernel's answers as values of the model (the requests are in requests.ts).
// Does no input or output.
//
// The kernel may hold more than our model has words for: protocols and tunnels of its future. They belong to
// somebody else; reading passes over them (`undefined`), so that nothing of ours ever touches them.
import { type Address, addressFromBytes, type Family } from '../../core/address.ts';
import { SERVICE_PROTOCOL } from '../../core/ip-header.ts';
import type { Decoded, ValuesOf } from '../../netlink/attributes.ts';
import { decodeGeneric } from '../../netlink/generic.ts';
import type { Message } from '../../netlink/message.ts';
import type {
  Counters,
  Rates,
  Selector,
  Server,
  ServerCounters,
  ServiceHead,
  SyncDaemon,
  Tunnel,
} from '../model.ts';
import type { Timeouts } from '../plane.ts';
import {
  ADDRESS_SIZE,
  AF,
  CMD,
  COMMAND,
  DAEMON_STATE,
  type DESTINATION,
  FORWARD,
  INFO,
  type SERVICE,
  SERVICE_FLAG,
  TUNNEL,
  TUNNEL_CHECKSUM,
} from './attributes.ts';

export type Info = { version: string; connectionTableSize: number };
export type ServiceEntry = { head: ServiceHead; counters: Counters };
export type ServerEntry = { server: Server; counters: ServerCounters };

/** `value` undefined = somebody else's, in words that the model does not have. */
export function decodeService(message: Message): Decoded<ServiceEntry | undefined> {
  const decoded = decodeCommand(message, CMD.NEW_SERVICE);
  if (!decoded.ok) return decoded;
  const { service } = decoded.value;
  if (service?.family === undefined) return { ok: false, drop: 'attribute-missing' };
  const { scheduler, flags, persistenceSeconds, persistenceEngine, netmask } = service;
  const family = familyFrom(service.family);
  if (family === undefined) return { ok: false, drop: 'attribute-bad-value' };
  const selector = readSelector(service, family);
  if (!selector.ok) return selector;
  if (selector.value === undefined) return { ok: true, value: undefined };
  if (
    scheduler === undefined ||
    flags === undefined ||
    persistenceSeconds === undefined ||
    netmask === undefined
  ) {
    return { ok: false, drop: 'attribute-missing' };
  }
  if (netmask.length < 4) return { ok: false, drop: 'attribute-bad-value' };
  const persistent = (flags.value & SERVICE_FLAG.PERSISTENT) !== 0;
  const head: ServiceHead = {
    ...selector.value,
    scheduler,
    schedulerFlags: flags.value & SERVICE_FLAG.SCHED,
    persistenceSeconds: persistent ? persistenceSeconds : 0,
    persistencePrefix: family === 4 ? ones(netmask.readUInt32BE(0)) : netmask.readUInt32LE(0),
    ...(persistenceEngine ? { persistenceEngine } : {}),
    onePacket: (flags.value & SERVICE_FLAG.ONEPACKET) !== 0,
  };
  return { ok: true, value: { head, counters: readCounters(service) } };
}

function readSelector(service: ValuesOf<typeof SERVICE>, family: Family): Decoded<Selector | undefined> {
  const { firewallMark, protocol, address, port } = service;
  if (firewallMark !== undefined) return { ok: true, value: { mark: firewallMark, family } };
  if (protocol === undefined) return { ok: false, drop: 'attribute-missing' };
  const word = wordFor(SERVICE_PROTOCOL, protocol);
  if (word === undefined) return { ok: true, value: undefined };
  if (address === undefined || port === undefined) return { ok: false, drop: 'attribute-missing' };
  const virtual = readAddress(family, address);
  if (virtual === undefined) return { ok: false, drop: 'attribute-bad-value' };
  return { ok: true, value: { protocol: word, address: virtual, port } };
}

/**
 * Of the answer to {@link dumpServers} for a service of `serviceFamily`. `value` undefined as in {@link
 * decodeService}.
 */
export function decodeServer(message: Message, serviceFamily: Family): Decoded<ServerEntry | undefined> {
  const decoded = decodeCommand(message, CMD.NEW_DEST);
  if (!decoded.ok) return decoded;
  const { destination } = decoded.value;
  const { address, port, forward, weight } = destination ?? {};
  if (
    destination === undefined ||
    address === undefined ||
    port === undefined ||
    forward === undefined ||
    weight === undefined
  ) {
    return { ok: false, drop: 'attribute-missing' };
  }
  const family = destination.family === undefined ? serviceFamily : familyFrom(destination.family);
  const real = family && readAddress(family, address);
  if (real === undefined) return { ok: false, drop: 'attribute-bad-value' };
  const forwarding = wordFor(FORWARD, forward);
  const tunnel = forwarding === 'TUN' ? readTunnel(destination) : 'ipip';
  if (forwarding === undefined || tunnel === undefined) return { ok: true, value: undefined };
  const server: Server = {
    address: real,
    port,
    forwarding,
    ...(tunnel === 'ipip' ? {} : { tunnel }),
    weight,
    upperThreshold: destination.upperThreshold ?? 0,
    lowerThreshold: destination.lowerThreshold ?? 0,
  };
  const counters: ServerCounters = {
    ...readCounters(destination),
    activeConnections: destination.activeConnections ?? 0,
    inactiveConnections: destination.inactiveConnections ?? 0,
    persistentConnections: destination.persistentConnections ?? 0,
  };
  return { ok: true, value: { server, counters } };
}

export function decodeDaemon(message: Message): Decoded<SyncDaemon> {
  const decoded = decodeCommand(message, CMD.NEW_DAEMON);
  if (!decoded.ok) return decoded;
  const { state, interface: device, id, maxlen, port, ttl, group, group6 } = decoded.value.daemon ?? {};
  if (device === undefined || id === undefined) return { ok: false, drop: 'attribute-missing' };
  if (state !== DAEMON_STATE.MASTER && state !== DAEMON_STATE.BACKUP) {
    return { ok: false, drop: 'attribute-bad-value' };
  }
  const role = state === DAEMON_STATE.MASTER ? 'master' : 'backup';
  const daemon: SyncDaemon = { role, interface: device, id };
  if (maxlen !== undefined) daemon.maxlen = maxlen;
  if (port !== undefined) daemon.port = port;
  if (ttl !== undefined) daemon.ttl = ttl;
  const multicast = group6 ?? group;
  if (multicast !== undefined) daemon.group = multicast;
  return { ok: true, value: daemon };
}

export function decodeInfo(message: Message): Decoded<Info> {
  const decoded = decodeGeneric(INFO, message.payload);
  if (!decoded.ok) return decoded;
  if (decoded.value.command !== CMD.SET_INFO) return { ok: false, drop: 'unexpected-type' };
  const { version, connectionTableSize } = decoded.value.values;
  if (version === undefined || connectionTableSize === undefined) {
    return { ok: false, drop: 'attribute-missing' };
  }
  const text = `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`;
  return { ok: true, value: { version: text, connectionTableSize } };
}

export function decodeTimeouts(message: Message): Decoded<Timeouts> {
  const decoded = decodeCommand(message, CMD.SET_CONFIG);
  if (!decoded.ok) return decoded;
  const { tcpTimeoutSeconds, tcpFinTimeoutSeconds, udpTimeoutSeconds } = decoded.value;
  const timeouts = {
    tcpSeconds: tcpTimeoutSeconds ?? 0,
    tcpFinSeconds: tcpFinTimeoutSeconds ?? 0,
    udpSeconds: udpTimeoutSeconds ?? 0,
  };
  return { ok: true, value: timeouts };
}

function decodeCommand(message: Message, command: number): Decoded<ValuesOf<typeof COMMAND>> {
  const decoded = decodeGeneric(COMMAND, message.payload);
  if (!decoded.ok) return decoded;
  if (decoded.value.command !== command) return { ok: false, drop: 'unexpected-type' };
  return { ok: true, value: decoded.value.values };
}

/** Undefined = a type or a checksum that we have no word for. */
function readTunnel(destination: ValuesOf<typeof DESTINATION>): Tunnel | 'ipip' | undefined {
  const type = wordFor(TUNNEL, destination.tunnelType ?? TUNNEL.ipip);
  const checksum = wordFor(TUNNEL_CHECKSUM, destination.tunnelFlags ?? TUNNEL_CHECKSUM.none);
  if (type === 'ipip') return type;
  if (type === undefined || checksum === undefined) return undefined;
  if (type === 'gue') return { type, port: destination.tunnelPort ?? 0, checksum };
  return checksum === 'remcsum' ? undefined : { type, checksum };
}

/** Kernels before 4.1 have only the narrow ones. */
function readCounters(of: ValuesOf<typeof SERVICE> | ValuesOf<typeof DESTINATION>): Counters {
  const found = of.stats64 ?? of.stats ?? {};
  const total = (value: number | bigint | undefined) => BigInt(value ?? 0);
  const rate = (value: number | bigint | undefined) => Number(value ?? 0);
  const rates: Rates = {
    connections: rate(found.connectionRate),
    inPackets: rate(found.inPacketRate),
    outPackets: rate(found.outPacketRate),
    inBytes: rate(found.inByteRate),
    outBytes: rate(found.outByteRate),
  };
  return {
    connections: total(found.connections),
    inPackets: total(found.inPackets),
    outPackets: total(found.outPackets),
    inBytes: total(found.inBytes),
    outBytes: total(found.outBytes),
    rates,
  };
}

/** A table from words to numbers read the other way. */
function wordFor<T extends Readonly<Record<string, number>>>(table: T, number: number): keyof T | undefined {
  for (const word in table) if (table[word] === number) return word;
  return undefined;
}
function familyFrom(number: number): Family | undefined {
  if (number === AF.INET) return 4;
  return number === AF.INET6 ? 6 : undefined;
}
function readAddress(family: Family, wide: Buffer): Address | undefined {
  const width = family === 4 ? 4 : ADDRESS_SIZE;
  return wide.length < width ? undefined : addressFromBytes(wide.subarray(0, width));
}
function ones(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest = (rest << 1) >>> 0) count += rest >>> 31;
  return count;
}
