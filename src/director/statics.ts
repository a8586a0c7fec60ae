// Static addresses, routes and rules as the elector is told, and as facts of a plan. Pure.
import type { VirtualAddress as AddressSetting, Configuration, VrrpInstance } from '../config/model.ts';
import type { Located } from '../core/diagnostic.ts';
import { routeName } from '../core/route.ts';
import { ruleName } from '../core/rule.ts';
import type { Track, VirtualAddress } from '../vrrp/settings.ts';
import type { Followed, Statics } from '../vrrp/statics.ts';

const FOREVER = 0xffffffff;

/** Undefined = none. Each address has an interface. */
export function planStatics(
  { statics }: Configuration,
  planAddress: (setting: AddressSetting, device: string) => VirtualAddress,
): { statics?: Statics } {
  const { addresses, routes, rules } = statics;
  if (addresses.length + routes.length + rules.length === 0) return {};
  return {
    statics: {
      addresses: addresses.map(({ entry, group }) =>
        followed(asSource(planAddress(entry, entry.interface!.value)), group),
      ),
      routes: routes.map(({ entry, group }) => followed(entry, group)),
      rules: rules.map(({ entry, group }) => followed(entry.value, group)),
    },
  };
}

/** Unlike a virtual address it is meant to be one; but a single one of IPv6, as in keepalived, is not. */
function asSource(address: VirtualAddress): VirtualAddress {
  return address.prefixLength === 128 ? address : { preferredSeconds: FOREVER, ...address };
}

function followed<T>(entry: T, group: Located<string> | undefined): Followed<T> {
  return group === undefined ? { entry } : { entry, group: group.value };
}

/** Of groups that something static names. */
export function planTrackGroups({ statics }: Configuration, { name }: VrrpInstance): Track[] {
  const { addresses, routes, rules, groups } = statics;
  const named = new Set([...addresses, ...routes, ...rules].map(({ group }) => group?.value));
  const own = groups.filter(
    (group) => named.has(group.name.value) && group.members.some(({ value }) => value === name.value),
  );
  return own.map((group) => ({ kind: 'track_group', name: group.name.value, weight: 0, reverse: false }));
}

export function staticFacts(
  statics: Statics | undefined,
  addressName: (address: VirtualAddress) => string,
): Readonly<Record<string, string>> {
  if (statics === undefined) return {};
  const list = <T>(entries: readonly Followed<T>[], nameOf: (entry: T) => string) =>
    entries.map(
      ({ entry, group }) => `${nameOf(entry)}${group === undefined ? '' : ` track_group ${group}`}`,
    );
  const facts = {
    staticAddresses: list(statics.addresses, addressName),
    staticRoutes: list(statics.routes, routeName),
    staticRules: list(statics.rules, ruleName),
  };
  const some = Object.entries(facts).filter(([, names]) => names.length > 0);
  return Object.fromEntries(some.map(([name, names]) => [name, names.join(', ')]));
}
