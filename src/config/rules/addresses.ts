// Addresses across blocks: those in two roles that do not go together, and those that nothing is done with.
import { type Address, prefixContains } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import type { Configuration, VrrpInstance } from '../model.ts';
import type { VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';
import { hasMarks, placeOf, serverOfAddress } from '../selects.ts';
import { addressesOf } from './vrrp.ts';

const OWNER = 255;
const TO_ITSELF = 'the MASTER would send its packets to itself';

/** Of addresses that are to be somebody else's. */
export function checkInstanceRoles({ instances }: Configuration, report: Report): void {
  const asked = instances.flatMap(({ sourceAddress, unicastPeers }) => [
    ...(sourceAddress === undefined ? [] : [sourceAddress]),
    ...unicastPeers,
  ]);
  const held = heldBy(instances, asked);
  for (const { priority, sourceAddress, unicastPeers } of instances) {
    if (priority.value !== OWNER && sourceAddress !== undefined)
      reportTwo(
        { address: sourceAddress, role: 'the source of adverts' },
        held,
        'only the MASTER has it: give an address that stays',
        report,
      );
    for (const peer of unicastPeers)
      reportTwo(
        { address: peer, role: 'a unicast peer' },
        held,
        'it is here when this director is MASTER: give one that stays',
        report,
      );
  }
}

export function checkServerRoles({ instances, virtualServers }: Configuration, report: Report): void {
  const asked = virtualServers.flatMap(({ realServers }) => realServers.map(({ address }) => address));
  const held = heldBy(instances, asked);
  for (const service of virtualServers) {
    const serverOf = serverOfAddress([service]);
    for (const { address } of service.realServers)
      if (serverOf(address.value) !== undefined) reportLoop(address, service, report);
      else reportTwo({ address, role: 'a real server' }, held, TO_ITSELF, report);
  }
}

type Held = ReadonlyMap<string, { at: Span; instance: VrrpInstance }>;

/** `asked`: the addresses that anybody wants to know of. */
function heldBy(instances: readonly VrrpInstance[], asked: readonly Located<Address>[]): Held {
  const wanted = new Set<string>(asked.map(({ value }) => value));
  const held = new Map<string, { at: Span; instance: VrrpInstance }>();
  for (const instance of instances)
    for (const { prefix } of addressesOf(instance))
      if (wanted.has(prefix.value.address)) held.set(prefix.value.address, { at: prefix.at, instance });
  return held;
}

type InRole = { address: Located<Address>; role: string };

function reportTwo({ address, role }: InRole, held: Held, hint: string, report: Report): void {
  const vip = held.get(address.value);
  if (vip === undefined) return;
  const message = `${address.value} is ${role}, and a virtual address of ${vip.instance.name.value}`;
  const related = [{ at: vip.at, message: 'the virtual address' }];
  report.add('CFG_TWO_ROLES', address.at, message, hint, related);
}

function reportLoop(address: Located<Address>, service: VirtualServer, report: Report): void {
  const message = `${address.value} is the address of this virtual_server itself`;
  const related = [{ at: placeOf(service.selects), message: 'the virtual_server' }];
  report.add('CFG_TWO_ROLES', address.at, message, TO_ITSELF, related);
}

/**
 * An instance whose addresses have no service, while others have. A gateway of NAT servers is there for
 * their answers; a service that is left out may be the one; one that no instance holds is complained about
 * already.
 */
export function checkIdle({ instances, virtualServers }: Configuration, report: Report): void {
  if (virtualServers.length === 0 || report.has('CFG_UNSUPPORTED') || report.has('CFG_UNSERVED')) return;
  // A firewall mark may be given to packets for any address.
  if (virtualServers.some(({ selects }) => hasMarks(selects))) return;
  const serverOf = serverOfAddress(virtualServers);
  const servers = virtualServers.flatMap(({ realServers }) =>
    realServers.map(({ address }) => address.value),
  );
  for (const instance of instances) {
    const prefixes = addressesOf(instance).map(({ prefix }) => prefix.value);
    if (prefixes.length === 0 || prefixes.some(({ address }) => serverOf(address) !== undefined)) continue;
    if (prefixes.some((prefix) => servers.some((server) => prefixContains(prefix, server)))) continue;
    const addresses = prefixes.map(({ address }) => address).slice(0, 3);
    report.add(
      'CFG_IDLE',
      instance.name.at,
      `no virtual_server has an address of ${instance.name.value}`,
      `${addresses.join(', ')}${prefixes.length > addresses.length ? ', …' : ''}: served by something else?`,
    );
  }
}
