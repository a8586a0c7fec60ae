// From the typed configuration to what each part is told: the elector's settings and the sync daemon. Pure;
// defaults are already in the configuration. Services are in services.ts, checks in targets.ts.

import assert from 'node:assert/strict';
import { familyOfInstance, multicastGroupOf } from '../config/family.ts';
import type {
  AddressFlag,
  AuthHmac,
  Configuration,
  SyncDaemonSetting,
  VirtualAddress as VirtualAddressSetting,
  VrrpInstance,
} from '../config/model.ts';
import type { Located } from '../core/diagnostic.ts';
import type { SyncDaemon } from '../ipvs/model.ts';
import type { HmacSettings } from '../vrrp/auth.ts';
import type { ElectorSettings, InstanceSettings, VirtualAddress } from '../vrrp/settings.ts';
import type { VirtualMac } from '../vrrp/virtual-device.ts';
import { planGarp, planPacing } from './announcing.ts';
import { planFilter, planLinks } from './links.ts';
import { planPriority, planRunning } from './running.ts';
import { planStatics, planTrackGroups } from './statics.ts';
import { planGroups, planSessions, planTracks } from './trackers.ts';
import { planChecksum, planUnicast } from './unicast.ts';
import { interfaceFor, planVirtualMacs } from './virtual-macs.ts';

/** rtnetlink scopes, <linux/rtnetlink.h>. */
const SCOPES = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
const ADDRESS_FLAGS = {
  home: 'home',
  mngtmpaddr: 'managesTemporary',
  noprefixroute: 'noPrefixRoute',
  autojoin: 'joinsMulticast',
  '-nodad': 'detectsDuplicates',
  no_track: 'untracked',
} as const satisfies Record<AddressFlag, keyof VirtualAddress>;
export function planElector(
  configuration: Configuration,
  addresses: ElectorSettings['addresses'],
): ElectorSettings {
  const vmacs = planVirtualMacs(configuration);
  const instances = configuration.instances.map((instance) =>
    planInstance(configuration, instance, vmacs.get(instance.name.value)),
  );
  return {
    instances,
    ...planGroups(configuration),
    ...planPacing(configuration, instances),
    ...planLinks(configuration, instances),
    ...planFilter(configuration),
    ...planSessions(configuration),
    ...planPreemptWait(configuration),
    ...planStatics(configuration, planAddress),
    ...planRunning(configuration),
    ...(configuration.global.logsUnknownIds ? { logsUnknownIds: true } : {}),
    realtimePriority: planPriority(configuration),
    leaseSeconds: configuration.director.vipLeaseSeconds.value,
    addresses,
  };
}

/** Nobody who does not know the connections breaks them. */
function planPreemptWait({ director: { sync } }: Configuration): Pick<ElectorSettings, 'preemptWaitMs'> {
  const ms = sync?.preemptWaitMs.value ?? 0;
  return ms === 0 ? {} : { preemptWaitMs: ms };
}

function planInstance(
  configuration: Configuration,
  instance: VrrpInstance,
  vmac: VirtualMac | undefined,
): InstanceSettings {
  const { global } = configuration;
  const device = instance.interface.value;
  const source = instance.sourceAddress?.value;
  const password = instance.password?.value;
  const { hmac } = instance;
  const addresses = {
    vips: instance.virtualAddresses.map((vip) => planAddress(vip, interfaceFor(vip, instance, vmac))),
    excludedVips: instance.virtualAddressesExcluded.map((vip) =>
      planAddress(vip, interfaceFor(vip, instance, vmac)),
    ),
  };
  const withMac = vmac === undefined ? {} : { vmac };
  return {
    name: instance.name.value,
    interface: device,
    vrid: instance.virtualRouterId.value,
    priority: instance.priority.value,
    version: instance.version?.value ?? global.vrrpVersion.value,
    ...(password === undefined ? {} : { password }),
    ...(hmac === undefined ? {} : { hmac: planHmac(hmac) }),
    advertMs: instance.advertIntervalMs.value,
    initialState: instance.initialState.value,
    preempt: !instance.nopreempt.value,
    preemptDelayMs: instance.preemptDelayMs.value,
    ...(source === undefined ? {} : { source }),
    ...(instance.tracksSource === undefined ? {} : { tracksSource: true as const }),
    downAdverts: (instance.downTimerAdverts ?? global.downTimerAdverts).value,
    checksumForm: planChecksum(configuration, instance),
    ...planHearing(configuration, instance),
    ...planUnicast(configuration, instance),
    ...(instance.receiveBytes === undefined ? {} : { receiveBytes: instance.receiveBytes.value }),
    ...(instance.highestOther === undefined ? {} : { yieldsTo: instance.highestOther.value }),
    multicastGroup: (instance.multicastGroup ?? multicastGroupOf(global, familyOfInstance(instance))).value,
    unicastPeers: instance.unicastPeers.map(written),
    ...addresses,
    ...(instance.routes.length > 0 ? { routes: instance.routes } : {}),
    ...(instance.rules.length > 0 ? { rules: instance.rules.map(written) } : {}),
    ...(instance.promoteSecondaries ? { promoteSecondaries: true } : {}),
    trackInterfaces: instance.trackInterfaces.map(written),
    weightedInterfaces: instance.weightedInterfaces.map((tracked) => ({
      interface: tracked.interface.value,
      weight: tracked.reverse ? -tracked.weight.value : tracked.weight.value,
      while: tracked.weight.value > 0 ? 'up' : 'down',
    })),
    tracks: [...planTracks(configuration, instance), ...planTrackGroups(configuration, instance)],
    ...(instance.dontTrackPrimary ? { dontTrackPrimary: true } : {}),
    garp: planGarp({ ...global.garp, ...instance.garp }, { interface: device, ...addresses, ...withMac }),
    ...withMac,
    ...(instance.refusesPackets === undefined ? {} : { refuses: true as const }),
  };
}

/** Its key files have been read: without that there is no plan. */
function planHmac({ keys, activeKey, mode, antiReplay, windowSeconds }: AuthHmac): HmacSettings {
  return {
    keys: keys.map(({ id, source }) => {
      assert('hex' in source);
      return { id: id.value, secret: source.hex };
    }),
    activeKey: activeKey.value,
    mode: mode.value,
    antiReplay: antiReplay.value,
    windowSeconds: windowSeconds.value,
  };
}

function planHearing(
  { global }: Configuration,
  instance: VrrpInstance,
): Pick<InstanceSettings, 'silentToLower' | 'silentToHigher' | 'deafOwner' | 'trustsMaster'> {
  const silent = (instance.lowerPriorityNoAdvert ?? global.lowerPriorityNoAdvert).value;
  const deaf = (instance.ownerIgnoresAdverts ?? global.ownerIgnoresAdverts).value;
  const answers = (instance.higherPriorityAdvert ?? global.higherPriorityAdvert).value;
  const trusts = (instance.skipsAddressCheck ?? global.skipsAddressCheck).value;
  return {
    ...(silent ? { silentToLower: true } : {}),
    ...(answers ? {} : { silentToHigher: true }),
    ...(deaf ? { deafOwner: true } : {}),
    ...(trusts ? { trustsMaster: true } : {}),
  };
}

function planAddress(setting: VirtualAddressSetting, device: string): VirtualAddress {
  const { address, length } = setting.prefix.value;
  return {
    address,
    prefixLength: length,
    interface: device,
    ...(setting.label === undefined ? {} : { label: setting.label.value }),
    scope: SCOPES[setting.scope?.value ?? 'global'],
    ...(setting.broadcast === undefined ? {} : { broadcast: setting.broadcast.value }),
    ...(setting.peer === undefined ? {} : { peer: setting.peer.value }),
    ...(setting.preferredSeconds === undefined ? {} : { preferredSeconds: setting.preferredSeconds.value }),
    ...Object.fromEntries(setting.flags.map((flag) => [ADDRESS_FLAGS[flag], true])),
  };
}

/** Undefined when the file asks for no sync daemon. The role is decided by the state of `instance`. */
export function planSync(configuration: Configuration): SyncPlan | undefined {
  const setting = configuration.global.syncDaemon;
  if (setting === undefined) return undefined;
  const instance = configuration.instances.find(({ name }) => name.value === setting.instance?.value);
  return {
    ...(instance === undefined ? {} : { instance: instance.name.value }),
    daemon: planDaemon(setting, instance?.virtualRouterId.value ?? 0),
  };
}

/** `instance` undefined = the file names none: master while any instance is. */
export type SyncPlan = { instance?: string; daemon: Omit<SyncDaemon, 'role'> };

function planDaemon(setting: SyncDaemonSetting, defaultId: number): Omit<SyncDaemon, 'role'> {
  return {
    interface: setting.interface.value,
    id: setting.id?.value ?? defaultId,
    ...(setting.maxlen === undefined ? {} : { maxlen: setting.maxlen.value }),
    ...(setting.port === undefined ? {} : { port: setting.port.value }),
    ...(setting.ttl === undefined ? {} : { ttl: setting.ttl.value }),
    ...(setting.group === undefined ? {} : { group: setting.group.value }),
  };
}

function written<T>(located: Located<T>): T {
  return located.value;
}
