// From the words about gratuitous ARPs and neighbour advertisements to what the elector is told: how many,
// when, with what pauses, and which interfaces need ones of their own.

import type { Configuration } from '../config/model.ts';
import type { GarpDefaults } from '../config/model-links.ts';
import type { Pacing } from '../vrrp/announcements.ts';
import type { ElectorSettings, GarpSettings, InstanceSettings } from '../vrrp/settings.ts';
import { devicesOf, sendingInterface, type VirtualDevice, virtualDevices } from '../vrrp/virtual-device.ts';
import type { Facts } from './inventory.ts';

export function planGarp(
  garp: GarpDefaults,
  own: Pick<InstanceSettings, 'interface' | 'vips' | 'excludedVips' | 'vmac'>,
): GarpSettings {
  const { lowerPriorityDelayMs: delay, lowerPriorityRepeat: repeat } = garp;
  return {
    delayMs: garp.masterDelayMs.value,
    repeat: garp.masterRepeat.value,
    refreshMs: garp.masterRefreshMs.value,
    refreshRepeat: garp.masterRefreshRepeat.value,
    ...(delay === undefined ? {} : { lowerPriorityDelayMs: delay.value }),
    ...(repeat === undefined ? {} : { lowerPriorityRepeat: repeat.value }),
    ...planElsewhere(garp, own),
  };
}

/** Adverts keep a switch from forgetting one MAC: one address of each other interface does it for that. */
function planElsewhere(
  { extraInterfaces }: GarpDefaults,
  own: Parameters<typeof planGarp>[1],
): Pick<GarpSettings, 'elsewhere'> {
  if (extraInterfaces === undefined || extraInterfaces.value.eachMs === 0) return {};
  const { everywhere, eachMs } = extraInterfaces.value;
  const devices = new Set(devicesOf(own).map(({ name }) => name));
  const seen = new Set([sendingInterface(own)]);
  const vips = [...own.vips, ...own.excludedVips].filter(({ interface: device }) => {
    if (seen.has(device) || !(everywhere || devices.has(device))) return false;
    seen.add(device);
    return true;
  });
  return vips.length === 0 ? {} : { elsewhere: { eachMs, vips } };
}

/** A device with a virtual MAC sends through its base, and shares the pauses of it. */
export function planPacing(
  { global, garpGroups }: Configuration,
  instances: readonly InstanceSettings[],
): Pick<ElectorSettings, 'pacing'> {
  const { garpIntervalMs, gnaIntervalMs } = global;
  const each = { garpMs: garpIntervalMs?.value ?? 0, gnaMs: gnaIntervalMs?.value ?? 0 };
  const devices = virtualDevices(instances);
  const groups: Pacing['groups'][number][] = garpGroups.map(({ interfaces, garpMs, gnaMs }) => ({
    interfaces: withDevices(
      interfaces.map(({ value }) => value),
      devices,
    ),
    garpMs: garpMs?.value ?? 0,
    gnaMs: gnaMs?.value ?? 0,
  }));
  const paces = each.garpMs > 0 || each.gnaMs > 0;
  if (paces) {
    const grouped = new Set(groups.flatMap(({ interfaces }) => interfaces));
    for (const base of new Set(devices.map((device) => device.base)))
      if (!grouped.has(base)) groups.push({ interfaces: withDevices([base], devices), ...each });
  }
  return paces || groups.length > 0 ? { pacing: { each, groups } } : {};
}

function withDevices(bases: readonly string[], devices: readonly VirtualDevice[]): string[] {
  const above = devices.filter(({ base }) => bases.includes(base)).map(({ name }) => name);
  return [...bases, ...above];
}

/** For people who compare two plans. */
export function garpFacts(garp: GarpSettings): Facts {
  const { lowerPriorityDelayMs: delay, lowerPriorityRepeat: repeat, elsewhere } = garp;
  const places = elsewhere?.vips.map((vip) => `${vip.address} on ${vip.interface}`).join(', ');
  return {
    garpDelayMs: garp.delayMs,
    garpRepeat: garp.repeat,
    garpRefreshMs: garp.refreshMs,
    garpRefreshRepeat: garp.refreshRepeat,
    ...(delay === undefined ? {} : { garpLowerPrioDelayMs: delay }),
    ...(repeat === undefined ? {} : { garpLowerPrioRepeat: repeat }),
    ...(elsewhere === undefined ? {} : { garpExtraIf: `each ${elsewhere.eachMs / 1000} s: ${places}` }),
  };
}

export function pacingFacts(pacing: Pacing | undefined): Facts {
  if (pacing === undefined) return {};
  const { each, groups } = pacing;
  const shared = groups.map(({ interfaces, garpMs, gnaMs }) => {
    return `${interfaces.join(' ')}: ${garpMs / 1000} s, ${gnaMs / 1000} s`;
  });
  return {
    ...(each.garpMs > 0 ? { garpIntervalMs: each.garpMs } : {}),
    ...(each.gnaMs > 0 ? { gnaIntervalMs: each.gnaMs } : {}),
    ...(shared.length > 0 ? { garpGroups: shared.join('; ') } : {}),
  };
}
