// From the words about the state of links to what the elector waits for and what is polled outside of it.
import type { Configuration } from '../config/model.ts';
import type { LinkSettings } from '../vrrp/carrier.ts';
import type { ElectorSettings, InstanceSettings } from '../vrrp/settings.ts';
import { virtualDevices } from '../vrrp/virtual-device.ts';
import type { Facts } from './inventory.ts';

/** `by`: what to ask first; undefined = whatever works. */
export type LinkTarget = { name: string; by?: 'MII' | 'ETHTOOL' | 'IOCTL' };

/** A device with a virtual MAC has no hardware of its own, and is never polled. */
export function planPolls({ links, instances }: Configuration): LinkTarget[] {
  const targets = new Map<string, LinkTarget>();
  for (const instance of instances) {
    if (links.pollsAll || instance.pollsLink) add(instance.interface.value);
    if (!links.pollsAll) continue;
    for (const device of instance.trackInterfaces) add(device.value);
    for (const { interface: device } of instance.weightedInterfaces) add(device.value);
    for (const vip of [...instance.virtualAddresses, ...instance.virtualAddressesExcluded])
      if (vip.interface !== undefined) add(vip.interface.value);
  }
  for (const { interface: device, by } of links.polled)
    targets.set(device.value, { name: device.value, ...(by === undefined ? {} : { by: by.value }) });
  return [...targets.values()];

  function add(name: string): void {
    targets.set(name, { name });
  }
}

export function planLinks(
  configuration: Configuration,
  instances: readonly InstanceSettings[],
): Pick<ElectorSettings, 'links'> {
  const links = new Map<string, LinkSettings>();
  const at = (name: string): LinkSettings =>
    links.get(name) ?? { interface: name, downMs: 0, upMs: 0, isPolled: false };
  for (const { interface: device, downMs, upMs } of configuration.links.delays) {
    const name = device.value;
    links.set(name, { ...at(name), downMs: downMs.value, upMs: upMs.value });
  }
  for (const { name } of planPolls(configuration)) links.set(name, { ...at(name), isPolled: true });
  for (const { name, base } of virtualDevices(instances)) {
    const { downMs, upMs } = at(base);
    if (downMs > 0 || upMs > 0) links.set(name, { interface: name, downMs, upMs, isPolled: false });
  }
  return links.size === 0 ? {} : { links: [...links.values()] };
}

export function planFilter({
  global: { filter },
}: Configuration): Pick<ElectorSettings, 'filter' | 'silencesLocalGroups'> {
  const { table, priority, counters, silencesLocalGroups } = filter;
  const how = {
    ...(table === undefined ? {} : { table: table.value }),
    ...(priority === undefined ? {} : { priority: priority.value }),
    ...(counters ? { counters: true as const } : {}),
  };
  return {
    ...(Object.keys(how).length > 0 ? { filter: how } : {}),
    ...(silencesLocalGroups ? { silencesLocalGroups: true } : {}),
  };
}

/** For people who compare two plans. */
export function linkFacts(
  { links = [], filter, silencesLocalGroups }: Omit<ElectorSettings, 'addresses'>,
  polls: readonly LinkTarget[] = [],
): Facts {
  const delays = links.filter(({ downMs, upMs }) => downMs > 0 || upMs > 0);
  const waits = delays.map((link) => `${link.interface} ${link.downMs / 1000} s ${link.upMs / 1000} s`);
  const polled = polls.map(({ name, by }) => (by === undefined ? name : `${name} ${by}`));
  return {
    ...(waits.length > 0 ? { linkDelays: waits.join(', ') } : {}),
    ...(polled.length > 0 ? { polledLinks: polled.join(', ') } : {}),
    ...(filter?.table === undefined ? {} : { filterTable: filter.table }),
    ...(filter?.priority === undefined ? {} : { filterPriority: filter.priority }),
    ...(filter?.counters ? { filterCounters: true } : {}),
    ...(silencesLocalGroups ? { silencesLocalGroups: true } : {}),
  };
}
