// What follows from the states of the virtual routers: which addresses a packet engine answers for, which
// sync thread runs.
import { familyOf } from '../core/address.ts';
import type { SyncDaemon } from '../ipvs/model.ts';
import type { OwnedAddress } from '../ipvs/plane.ts';
import type { ElectorSettings, State } from '../vrrp/settings.ts';
import type { SyncPlan } from './plan.ts';

export type States = ReadonlyMap<string, State>;

/** A LEAVING router still serves: it owns its addresses until the new master is heard. */
export function serves(state: State | undefined): boolean {
  return state === 'MASTER' || state === 'LEAVING';
}

/** `handedOver`: instances that served until a moment ago. */
export function ownedAddresses(
  settings: ElectorSettings,
  states: States,
  handedOver: ReadonlySet<string>,
): OwnedAddress[] {
  return settings.instances
    .filter(({ name }) => serves(states.get(name)) || handedOver.has(name))
    .flatMap((instance) =>
      [...instance.vips, ...instance.excludedVips]
        .filter((vip) => familyOf(vip.address) === 4)
        .map(({ address, prefixLength, interface: device }) => ({
          address,
          prefixLength,
          interface: device,
          vrid: instance.vrid,
          handedOver: !serves(states.get(instance.name)),
        })),
    );
}

/**
 * The one sync thread that should run: master where the instance serves, backup anywhere else (also in
 * FAULT: what arrives meanwhile is worth keeping). Before the first state is known nothing is decided:
 * what runs goes on.
 */
export function wantedSync(plan: SyncPlan | undefined, states: States): SyncDaemon[] | undefined {
  if (plan === undefined) return [];
  const relevant = plan.instance === undefined ? [...states.values()] : [states.get(plan.instance)];
  if (relevant.every((state) => state === undefined || state === 'INIT')) return undefined;
  return [{ role: relevant.some(serves) ? 'master' : 'backup', ...plan.daemon }];
}
