// What is asked of all virtual routers together at each packet or link event, worked out once and kept until
// one of them comes, goes or is configured anew.
import type { Address, Family } from '../core/address.ts';
import type { Elector } from './elector.ts';
import { familyOfRouter } from './family.ts';
import { allVips, type Instance } from './instance.ts';
import { OWNER } from './packet.ts';
import { longestSilenceMs } from './timing.ts';
import { hearingInterface } from './virtual-device.ts';

export type Roster = {
  /** By {@link idOf}; several where unicast peers tell them apart. */
  byId: ReadonlyMap<string, readonly Instance[]>;
  /** Never the source of adverts. The owner's addresses are its own. */
  virtual: ReadonlySet<Address>;
  /** How late an advert is at least when its router has to think that it was paused. */
  pausedAfterMs: number;
};

export function rosterOf(elector: Elector): Roster {
  elector.roster ??= callRoll(elector.instances.values());
  return elector.roster;
}

/** Whom an advert is for that comes in on that interface: each family has ids of its own. */
export function routersOf(
  elector: Elector,
  device: string,
  family: Family,
  vrid: number,
): readonly Instance[] {
  return rosterOf(elector).byId.get(idOf(device, family, vrid)) ?? [];
}

function callRoll(instances: Iterable<Instance>): Roster {
  const byId = new Map<string, Instance[]>();
  const virtual = new Set<Address>();
  let pausedAfterMs = Number.POSITIVE_INFINITY;
  for (const instance of instances) {
    const { own } = instance;
    const id = idOf(hearingInterface(own), familyOfRouter(own), own.vrid);
    byId.set(id, [...(byId.get(id) ?? []), instance]);
    if (own.priority !== OWNER) for (const vip of allVips(own)) virtual.add(vip.address);
    pausedAfterMs = Math.min(pausedAfterMs, longestSilenceMs(own) - own.advertMs);
  }
  return { byId, virtual, pausedAfterMs };
}

function idOf(device: string, family: Family, vrid: number): string {
  return `${device} ${family} ${vrid}`;
}
