// Who has a virtual address? What is asked of a link so that whoever has it answers, and nobody's cache
// moves: a probe from no address over IPv4, a solicitation from a link-local address over IPv6.
//
// With a virtual MAC the question leaves by the base, with its MAC: whoever has the same virtual MAC would
// else send the answer to itself, and switches would believe that the question came from where the MAC is.
import { type Address, familyOf, isLinkLocal } from '../core/address.ts';
import { arpProbe } from './arp.ts';
import type { Elector } from './elector.ts';
import { ETHERNET, macBytes } from './ethernet.ts';
import { allVips } from './instance.ts';
import { neighbourSolicitation } from './neighbour.ts';
import { rosterOf } from './roster.ts';
import type { InstanceSettings } from './settings.ts';
import { devicesOf } from './virtual-device.ts';

export type Question = {
  /** That it leaves by, and the answer comes in by. */
  interface: string;
  address: Address;
  /** Over IPv6: a link-local address of the interface. */
  source?: Address;
  /** Of the routers that are asked over IPv4; undefined = everybody on the link. */
  group?: Address;
  /** A virtual MAC: whoever the switches take for its owner is asked; undefined = `group`. */
  owner?: string;
};
/**
 * `first`: for each interface the one that is asked before an advert. `of`, `sources` (over IPv6): what they
 * were made of.
 */
export type Questions = {
  all: readonly Question[];
  first: readonly Question[];
  of: Pick<InstanceSettings, 'vips' | 'excludedVips'>;
  sources: ReadonlyMap<string, Address | undefined>;
};

export const NO_QUESTIONS: Questions = {
  all: [],
  first: [],
  of: { vips: [], excludedVips: [] },
  sources: new Map(),
};

/** Over IPv6 none while the interface has no address to ask from. The same as `before`, if they are. */
export function questionsOf(elector: Elector, own: InstanceSettings, before: Questions): Questions {
  if (isStill(elector, own, before)) return before;
  const sources = new Map<string, Address | undefined>();
  const all: Question[] = [];
  const first = new Map<string, Question>();
  for (const { address, interface: device } of allVips(own)) {
    const name = baseOf(own, device);
    let question: Question = { interface: name, address };
    if (familyOf(address) === 6) {
      if (!sources.has(name)) sources.set(name, linkLocal(elector, name));
      const source = sources.get(name);
      if (source === undefined || source === address) continue;
      question = { ...question, source };
    }
    all.push(question);
    if (first.has(name)) continue;
    first.set(name, { ...question, ...forFew(own, device, question) });
  }
  return { all, first: [...first.values()], of: own, sources };
}

function isStill(elector: Elector, own: InstanceSettings, { of, sources }: Questions): boolean {
  // A reload brings other arrays, a weight or a link event does not.
  if (of.vips !== own.vips || of.excludedVips !== own.excludedVips) return false;
  return [...sources].every(([name, source]) => linkLocal(elector, name) === source);
}

/** The interface that `device` is a part of, or itself. */
export function baseOf(own: InstanceSettings, device: string): string {
  return devicesOf(own).find(({ name }) => name === device)?.base ?? device;
}

export function questionFrame({ address, source, group, owner }: Question, mac: Uint8Array): Buffer {
  if (source !== undefined) return neighbourSolicitation(address, mac, source);
  const frame = arpProbe(address, mac, group);
  if (owner !== undefined) frame.set(macBytes(owner), ETHERNET.destination);
  return frame;
}

/** Nobody looks at it for nothing: over IPv6 it is always so. */
export function isForFew({ source, group, owner }: Question): boolean {
  return source !== undefined || group !== undefined || owner !== undefined;
}

/**
 * Over IPv4, who answers without everybody else having to look. With `vmac_xmit_base` keepalived joins the
 * group on the base, where the address is not (measured: no answer); and what goes to everybody reaches a
 * virtual MAC by a queue of the kernel's, on a busy machine after the advert (drivers/net/macvlan.c). No
 * neighbour is stale then, they all know the same MAC: only a switch may be, and what is sent to the MAC goes
 * where that switch believes it to be.
 */
function forFew(
  own: InstanceSettings,
  device: string,
  { interface: name, address }: Question,
): Pick<Question, 'group' | 'owner'> {
  if (familyOf(address) === 6) return {};
  if (own.vmac?.sendsOnBase) {
    const owner = devicesOf(own).find((each) => each.name === device)?.mac;
    return owner === undefined ? {} : { owner };
  }
  const { unicastPeers, multicastGroup: group } = own;
  const isThere = unicastPeers.length === 0 && name === own.interface;
  return isThere && familyOf(group) === 4 ? { group } : {};
}

/** Not a virtual one: its neighbours would be told that it is here. */
function linkLocal(elector: Elector, name: string): Address | undefined {
  const { virtual } = rosterOf(elector);
  return elector.links.get(name)?.addresses.find((value) => isLinkLocal(value) && !virtual.has(value));
}

/** Whether there is one more to ask. */
export function asksMore(before: Questions, after: Questions): boolean {
  const known = new Set(before.all.map(placeOf));
  return after.all.some((question) => !known.has(placeOf(question)));
}
function placeOf(question: Question): string {
  return `${question.interface} ${question.address}`;
}
