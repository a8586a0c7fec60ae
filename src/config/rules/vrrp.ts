// Virtual routers side by side: numbers and addresses that collide, and settings that surprise.
import { familyOf } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import { familyOfInstance } from '../family.ts';
import type { Configuration, VirtualAddress, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import { checkFamilies } from './families.ts';

const OWNER = 255;
/** 10.0.0.0/8 is the widest that people own. */
const WIDEST_NETWORK = 8;

export function checkInstances({ instances }: Configuration, report: Report): void {
  for (const instance of instances) checkFamilies(instance, report);
  checkRouterIds(instances, report);
  checkAddresses(instances, report);
  for (const instance of instances) {
    checkOwner(instance, report);
    checkTracked(instance, report);
    checkPeers(instance, report);
    for (const vip of instance.virtualAddresses) checkPrefix(vip, report);
  }
}

/**
 * A router id says which packets on an interface are for whom, per family. Unicast has a number space for
 * each pair of addresses: keepalived.conf(5), virtual_router_id.
 */
function checkRouterIds(instances: readonly VrrpInstance[], report: Report): void {
  const owners = new Map<string, VrrpInstance>();
  for (const instance of instances) {
    const family = familyOfInstance(instance);
    const { interface: device, virtualRouterId, unicastPeers } = instance;
    const peers = new Set<string>(unicastPeers.map(({ value }) => value));
    const spaces = peers.size === 0 ? ['multicast'] : peers;
    for (const space of spaces) {
      const key = `${device.value} IPv${family} ${virtualRouterId.value} ${space}`;
      const owner = owners.get(key);
      owners.set(key, owner ?? instance);
      if (owner === undefined) continue;
      report.add(
        'CFG_VRID',
        virtualRouterId.at,
        `${owner.name.value} has virtual_router_id ${virtualRouterId.value} on ${device.value} already`,
        'each instance on an interface needs its own',
        [{ at: owner.virtualRouterId.at, message: `${owner.name.value} has it here` }],
      );
      break;
    }
  }
}

/**
 * keepalived takes it silently; the second instance to become MASTER then removes the address of the first.
 */
function checkAddresses(instances: readonly VrrpInstance[], report: Report): void {
  const owners = new Map<string, { name: string; at: Span }>();
  for (const instance of instances)
    for (const { prefix } of addressesOf(instance)) {
      const { address } = prefix.value;
      const owner = owners.get(address);
      if (owner === undefined) owners.set(address, { name: instance.name.value, at: prefix.at });
      else
        report.add(
          'CFG_REPEATED',
          prefix.at,
          `${address} is an address of ${owner.name} already`,
          undefined,
          [{ at: owner.at, message: 'first here' }],
        );
    }
}

/** Advertised or not, it is held. */
export function addressesOf(instance: VrrpInstance): VirtualAddress[] {
  return [...instance.virtualAddresses, ...instance.virtualAddressesExcluded];
}

/** With a weight or without one. */
export function trackedBy({ trackInterfaces, weightedInterfaces }: VrrpInstance): Located<string>[] {
  return [...trackInterfaces, ...weightedInterfaces.map((tracked) => tracked.interface)];
}

/** keepalived says so, too, and goes on: without its own interface an instance is in FAULT anyway. */
function checkTracked(instance: VrrpInstance, report: Report): void {
  const own = trackedBy(instance).find(({ value }) => value === instance.interface.value);
  if (own !== undefined)
    report.add('CFG_REDUNDANT', own.at, `${own.value} is the instance's own interface: tracked anyway`);
}

/** Nobody else hears an advert to oneself, so the other director becomes MASTER as well. */
function checkPeers({ unicastPeers, sourceAddress }: VrrpInstance, report: Report): void {
  const own = unicastPeers.find(({ value }) => value === sourceAddress?.value);
  if (own === undefined || sourceAddress === undefined) return;
  const message = `${own.value} is this director's own address: a peer is the other one`;
  const related = [{ at: sourceAddress.at, message: 'its own address' }];
  report.add('CFG_SELF', own.at, message, 'one file for both directors? each has its own peers', related);
}

function checkOwner({ priority, at }: VrrpInstance, report: Report): void {
  if (priority.value !== OWNER || priority.at === at) return;
  const message = 'priority 255 is for a router that owns the virtual address as its own';
  report.add('CFG_OWNER', priority.at, message, 'give 1 to 254, unless this machine always has the address');
}

/**
 * keepalived.conf(5): a /128 is deprecated at once, anything shorter becomes a source address for the whole
 * network.
 */
function checkPrefix({ prefix }: VirtualAddress, report: Report): void {
  const { address, length } = prefix.value;
  if (familyOf(address) === 4) {
    if (length >= WIDEST_NETWORK) return;
    const message = `${address}/${length} makes half the world look directly attached`;
    report.add('CFG_PREFIX', prefix.at, message, "give the network's own length, or /32");
    return;
  }
  if (length === 128) return;
  const message = `${address}/${length} may become the source address of this machine's own traffic`;
  report.add('CFG_PREFIX', prefix.at, message, `write ${address}/128`);
}
