// What follows from the states of the virtual routers: which addresses a packet engine answers for, which
// sync thread runs.
import type { Address } from '../core/address.ts';
import type { SyncDaemon } from '../ipvs/model.ts';
import type { OwnedAddress } from '../ipvs/plane.ts';
import { VirtualAddresses } from '../sync/virtual-addresses.ts';
import type { ElectorSettings, InstanceSettings, State } from '../vrrp/settings.ts';
import type { SyncPlan } from './plan.ts';
import type { Plan } from './plan-document.ts';

export type States = ReadonlyMap<string, State>;

/** A LEAVING router still serves: it owns its addresses until the new master is heard. */
export function serves(state: State | undefined): boolean {
  return state === 'MASTER' || state === 'LEAVING';
}

/**
 * Who has the virtual addresses: an engine that forwards packets to them, or the kernel. Where the file
 * leaves the choice and has nothing to forward they are the machine's own, whatever kernel it has: it is
 * programs on this machine that are reached by them.
 */
export function holderOf(
  { pools, director }: Pick<Plan, 'pools' | 'director'>,
  engine: 'kernel' | 'embedded',
): ElectorSettings['addresses'] {
  const forwards = pools.size > 0 || director.engine === 'embedded';
  return engine === 'embedded' && forwards ? 'engine' : 'kernel';
}

/**
 * `settings`, and of those `before` it what is not in the file any more and `isHere` still: it serves until
 * another director has taken over. An address that is in both is the file's.
 */
export function withLeaving(
  settings: ElectorSettings,
  before: ElectorSettings,
  isHere: (instance: string) => boolean,
): ElectorSettings {
  const leaving = leavingInstances(settings, before, isHere);
  return leaving.length === 0 ? settings : { ...settings, instances: [...leaving, ...settings.instances] };
}

/** Those of instances that are in `roster` only: they left the file, and are here still. */
export function leavingAddresses(
  settings: ElectorSettings,
  roster: ElectorSettings,
  isHere: (instance: string) => boolean,
): ReadonlySet<Address> {
  const leaving = leavingInstances(settings, roster, isHere);
  return new Set(leaving.flatMap(addressesOf).map(({ address }) => address));
}

function leavingInstances(
  settings: ElectorSettings,
  before: ElectorSettings,
  isHere: (instance: string) => boolean,
): InstanceSettings[] {
  const names = new Set(settings.instances.map(({ name }) => name));
  return before.instances.filter(({ name }) => !names.has(name) && isHere(name));
}

/** `turning`: instances that began or ceased to serve a moment ago. */
export function ownedAddresses(
  settings: ElectorSettings,
  states: States,
  turning: ReadonlySet<string>,
): OwnedAddress[] {
  if (settings.addresses === 'kernel') return [];
  return settings.instances
    .filter(({ name }) => serves(states.get(name)) || turning.has(name))
    .flatMap((instance) =>
      addressesOf(instance).map(({ address, prefixLength, interface: device }) => ({
        address,
        prefixLength,
        interface: device,
        vrid: instance.vrid,
        handedOver: !serves(states.get(instance.name)),
      })),
    );
}

function addressesOf({ vips, excludedVips }: InstanceSettings) {
  return [...vips, ...excludedVips];
}

/**
 * What a node forwards for, as sync has to know. An engine answers for nothing but what it owns. The kernel
 * forwards whatever comes to it, also to addresses that no instance has: those are its own while it serves at
 * all.
 */
export function servedAddresses(
  { instances }: ElectorSettings,
  engine: 'kernel' | 'embedded',
  states: States,
  owned: readonly OwnedAddress[],
): VirtualAddresses {
  if (engine === 'embedded') return VirtualAddresses.these(owned.map(({ address }) => address));
  const [serving, resting] = [true, false].map((wanted) =>
    instances.filter(({ name }) => serves(states.get(name)) === wanted),
  );
  if (serving!.length === 0) return VirtualAddresses.these([]);
  const others = resting!.flatMap(addressesOf);
  return VirtualAddresses.allBut(others.map(({ address }) => address));
}

/**
 * The sync threads that should run: master where the instance serves, backup anywhere else (also in FAULT:
 * what arrives meanwhile is worth keeping). While it turns from one to the other both do: the old master
 * still tells of what it forwards, the new one still listens. Before the first state is known nothing is
 * decided: what runs goes on.
 */
export function wantedSync(
  plan: SyncPlan | undefined,
  states: States,
  turning: ReadonlySet<string>,
): SyncDaemon[] | undefined {
  if (plan === undefined) return [];
  const names = plan.instance === undefined ? [...states.keys()] : [plan.instance];
  const known = names.map((name) => states.get(name));
  if (known.every((state) => state === undefined || state === 'INIT')) return undefined;
  const isTurning = names.some((name) => turning.has(name));
  const serving = known.some(serves);
  const roles: SyncDaemon['role'][] = [];
  if (serving || isTurning) roles.push('master');
  if (!serving || isTurning) roles.push('backup');
  return roles.map((role) => ({ role, ...plan.daemon }));
}
