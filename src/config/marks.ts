// Firewall marks for the groups of `nftables_ipvs`: which get one, and which. As keepalived has it, a group
// without an fwmark of its own gets the next mark for each protocol, in the order of its virtual servers.
//
// A mark that was given stays while the group does: with another one its service would be another, and its
// connections would end. So a director that reloads may come to other marks than one that starts with the
// same file; one that takes over from a balancer that died is told those in force.
import type { Configuration } from './model.ts';
import type { Selects, VirtualServer } from './model-services.ts';
import { hasAddresses, hasMarks } from './selects.ts';

/** `of`: by {@link markedName}. `next` is the first one that was never given. */
export type Marks = { start: number; next: number; of: Readonly<Record<string, number>> };

const LARGEST = 0xffffffff;

/** `group web TCP`, of all virtual servers of that group and protocol; undefined = it is not marked. */
export function markedName({ selects, protocol }: VirtualServer): string | undefined {
  if (selects.by !== 'group' || hasMarks(selects) || !hasAddresses(selects)) return undefined;
  return `group ${selects.group.value} ${protocol.value}`;
}

/** Undefined where the file does not ask for it. */
export function allotMarks(configuration: Configuration, before?: Marks): Marks | undefined {
  const { marks: words } = configuration.global.ipvs;
  if (words === undefined) return undefined;
  const { start } = words;
  const kept = before?.start === start ? before : undefined;
  const names = new Set(configuration.virtualServers.flatMap((service) => markedName(service) ?? []));
  const taken = new Set(configuration.virtualServers.flatMap(({ selects }) => ownMarks(selects)));
  const of = new Map<string, number>();
  for (const name of names) {
    const mark = kept?.of[name];
    if (mark === undefined || taken.has(mark)) continue;
    of.set(name, mark);
    taken.add(mark);
  }
  let next = kept?.next ?? start;
  for (const name of names) {
    if (of.has(name)) continue;
    while (taken.has(next)) next = after(next);
    of.set(name, next);
    taken.add(next);
    next = after(next);
  }
  return { start, next, of: Object.fromEntries([...names].map((name) => [name, of.get(name)!])) };
}

/** Groups that would have another mark in a director that starts with this file. */
export function strayMarks(configuration: Configuration, { of }: Marks): string[] {
  const fresh = allotMarks(configuration)?.of ?? {};
  return Object.keys(of).filter((name) => of[name] !== fresh[name]);
}

/** 0 is no mark. */
function after(mark: number): number {
  return mark === LARGEST ? 1 : mark + 1;
}

function ownMarks(selects: Selects): number[] {
  if (selects.by === 'mark') return [selects.mark.value];
  if (selects.by === 'address') return [];
  return selects.members.flatMap((member) => ('mark' in member ? [member.mark.value] : []));
}
