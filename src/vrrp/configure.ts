// Settings and links as they change under a running elector: which virtual routers start, change in place,
// or leave.
import type { Address } from '../core/address.ts';
import type { Elector } from './elector.ts';
import { advance, allVips, createInstance, type Instance, notice, type Turn } from './instance.ts';
import type { ElectorSettings, InstanceSettings, VirtualAddress } from './settings.ts';

const OWNER = 255;

/** A diff by name: what did not change is not touched. */
export function configure(elector: Elector, settings: ElectorSettings, turn: Turn): void {
  const otherPlane = settings.addresses !== elector.settings.addresses;
  const wanted = new Map(settings.instances.map((own) => [own.name, own]));
  for (const [name, instance] of elector.instances) {
    const own = wanted.get(name);
    if (own === undefined) retire(instance, turn);
    // What others know the router by has changed: to them it is another one.
    else if (otherPlane || instance.retiring || identity(own) !== identity(instance.own))
      abandon(elector, instance, turn);
  }
  elector.settings = settings;
  for (const own of settings.instances) {
    const instance = elector.instances.get(own.name);
    if (instance === undefined) start(elector, own, turn);
    else if (JSON.stringify(own) !== JSON.stringify(instance.settings)) change(elector, instance, own, turn);
  }
}

/** Hands over and is forgotten; until then it goes on serving. */
export function retire(instance: Instance, turn: Turn): void {
  instance.retiring = true;
  advance(instance, { type: 'stop' }, turn);
}

/** Its interface's link and address, and the links it tracks. For when a link, or the settings, changed. */
export function followLinks(elector: Elector, instance: Instance, turn: Turn): void {
  const reweighted = followWeights(elector, instance, turn);
  const { own } = instance;
  const source = own.source ?? primaryAddress(elector, own.interface);
  if (source !== instance.source) {
    instance.source = source;
    instance.packets = undefined;
  }
  const down = [own.interface, ...own.trackInterfaces].find((name) => !elector.links.get(name)?.up);
  const linkUp = down === undefined && source !== undefined;
  if (linkUp === instance.linkUp) {
    if (reweighted) advance(instance, { type: 'priority' }, turn);
    return;
  }
  instance.linkUp = linkUp;
  if (instance.router.state === 'INIT') return;
  if (linkUp) notice(instance, 'link.up', 'every tracked interface is up', {}, turn);
  else {
    const what = down === undefined ? `${own.interface} has no IPv4 address` : `${down} is down`;
    notice(instance, 'link.down', what, { interface: down ?? own.interface }, turn);
  }
  advance(instance, { type: 'link', up: linkUp }, turn);
}

/** Whether the priority is another now; told in keepalived's words, which log monitors look for. */
function followWeights(elector: Elector, instance: Instance, turn: Turn): boolean {
  const from = instance.own.priority;
  const to = effectivePriority(elector, instance.settings);
  if (from === to) return false;
  const message = `Changing effective priority from ${from} to ${to}`;
  notice(instance, 'vrrp.priority', message, { from, to }, turn);
  instance.own = { ...instance.settings, priority: to };
  instance.packets = undefined;
  return true;
}

/** As keepalived has it (measured): weights add up, and neither owner nor resignation can come of them. */
function effectivePriority(elector: Elector, { priority, weightedInterfaces }: InstanceSettings): number {
  if (priority === OWNER) return OWNER;
  const inForce = weightedInterfaces.filter((tracked) => {
    const state = elector.links.get(tracked.interface)?.up ? 'up' : 'down';
    return state === tracked.while;
  });
  const sum = inForce.reduce((total, { weight }) => total + weight, priority);
  return Math.min(OWNER - 1, Math.max(1, sum));
}

function identity(own: InstanceSettings): string {
  return `${own.interface} ${own.vrid} ${own.version}`;
}

function start(elector: Elector, own: InstanceSettings, turn: Turn): void {
  const instance = createInstance(own, turn.nowMs);
  elector.instances.set(own.name, instance);
  followLinks(elector, instance, turn);
  advance(instance, { type: 'start', linkUp: instance.linkUp }, turn);
}

function abandon(elector: Elector, instance: Instance, turn: Turn): void {
  advance(instance, { type: 'link', up: false }, turn);
  advance(instance, { type: 'stop' }, turn);
  elector.instances.delete(instance.own.name);
}

function change(elector: Elector, instance: Instance, own: InstanceSettings, turn: Turn): void {
  const kept = new Set(allVips(own).map(placeOf));
  const gone = allVips(instance.own).filter((vip) => !kept.has(placeOf(vip)));
  if (instance.holdsVips && gone.length > 0) turn.actions.push({ do: 'removeVips', vips: gone });
  instance.settings = own;
  instance.own = { ...own, priority: instance.own.priority };
  instance.packets = undefined;
  followWeights(elector, instance, turn);
  followLinks(elector, instance, turn);
  advance(instance, { type: 'reconfigured' }, turn);
}

/** An address with another label, prefix or scope is another address to the kernel. */
export function placeOf(vip: VirtualAddress): string {
  return `${vip.interface} ${vip.address}/${vip.prefixLength} ${vip.label ?? ''} ${vip.scope}`;
}

/**
 * The first that is no virtual address: ours may be on the interface as well. The owner's address is the
 * virtual one.
 */
function primaryAddress(elector: Elector, device: string): Address | undefined {
  const addresses = elector.links.get(device)?.addresses ?? [];
  const virtual = new Set<Address>();
  for (const { own } of elector.instances.values()) {
    if (own.priority !== OWNER) for (const vip of allVips(own)) virtual.add(vip.address);
  }
  return addresses.find((value) => !virtual.has(value));
}
