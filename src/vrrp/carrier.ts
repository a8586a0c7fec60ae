// Whether an interface counts as up. What rtnetlink says, and of polled ones a look at the hardware, counts
// at once or when it has been so for a while: keepalived's linkbeat and interface_up_down_delays.
//
// That an interface has come up for the first time, has gone, or has other addresses counts at once.
import type { Elector, Link } from './elector.ts';
import type { Turn } from './instance.ts';
import { trackerKey } from './tracks.ts';
import { devicesOf } from './virtual-device.ts';

export type LinkSettings = {
  interface: string;
  downMs: number;
  upMs: number;
  /** Its state is looked at from outside, too, and told as a `tracker` of kind `link`. */
  isPolled: boolean;
};
/** `change`: what will count at that moment unless it changes back. */
type Seen = { link: Link; wasUp: boolean; change?: { up: boolean; atMs: number } };
export type Carrier = Map<string, Seen>;

/**
 * Whether it is another one than before: not when a lease was renewed. Undefined: there is no such interface.
 */
export function seeLink(elector: Elector, name: string, link: Link | undefined, turn: Turn): boolean {
  const seen = elector.carrier.get(name);
  if (isSame(link, seen?.link)) return false;
  if (link === undefined) {
    elector.carrier.delete(name);
    elector.links.delete(name);
  } else {
    elector.carrier.set(name, { wasUp: false, ...seen, link });
    weigh(elector, name, turn);
  }
  return true;
}

function isSame(a: Link | undefined, b: Link | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const { addresses } = b;
  const sameAddresses =
    a.addresses.length === addresses.length && a.addresses.every((each, i) => each === addresses[i]);
  return a.up === b.up && a.mtu === b.mtu && sameAddresses;
}

/** Everything anew: settings, verdicts or the time are not what they were. */
export function weighLinks(elector: Elector, turn: Turn): void {
  for (const name of elector.carrier.keys()) weigh(elector, name, turn);
}

/** Infinity while no change waits. */
export function nextCarrierMs({ carrier }: Elector): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { change } of carrier.values()) if (change !== undefined) next = Math.min(next, change.atMs);
  return next;
}

function weigh(elector: Elector, name: string, turn: Turn): void {
  const seen = elector.carrier.get(name)!;
  const { up } = seen.link;
  const settings = elector.settings.links?.find((each) => each.interface === name);
  const polled = settings?.isPolled ? elector.verdicts.get(trackerKey({ kind: 'link', name })) : undefined;
  const isUp = up && polled !== 'down';
  const counts = debounce(elector, seen, name, isUp, settings, turn);
  seen.wasUp ||= counts;
  elector.links.set(name, { ...seen.link, up: counts });
}

function debounce(
  elector: Elector,
  seen: Seen,
  name: string,
  isUp: boolean,
  settings: LinkSettings | undefined,
  turn: Turn,
): boolean {
  const before = elector.links.get(name)?.up;
  const { change } = seen;
  if (change !== undefined && change.up === isUp && turn.nowMs < change.atMs) return !isUp;
  delete seen.change;
  if (before === undefined || before === isUp || change?.up === isUp) {
    if (before === isUp && change !== undefined) tell(name, isUp, ' again: nothing changes', turn);
    return isUp;
  }
  const wantedMs = (isUp ? settings?.upMs : settings?.downMs) ?? 0;
  const ms = isUp ? wantedMs : Math.min(wantedMs, mostMs(elector, name));
  if (ms === 0 || !seen.wasUp) return isUp;
  seen.change = { up: isUp, atMs: turn.nowMs + ms };
  tell(name, isUp, `: it counts if that lasts for ${Math.round(ms)} ms`, turn);
  return before;
}

/**
 * A backup that does not hear for longer than that would become master on a dead link before it is told. It
 * counts the master's interval.
 */
function mostMs({ instances }: Elector, name: string): number {
  let most = Number.POSITIVE_INFINITY;
  for (const { own, router } of instances.values()) {
    const names = [own.interface, ...devicesOf(own).map((device) => device.name)];
    const advertMs = router.state === 'BACKUP' ? router.masterAdvertMs : own.advertMs;
    if (names.includes(name)) most = Math.min(most, (own.downAdverts - 1) * advertMs);
  }
  return most;
}

function tell(name: string, up: boolean, what: string, { actions }: Turn): void {
  const message = `${name} is ${up ? 'up' : 'down'}${what}`;
  const notice = { event: 'link.delayed' as const, message, fields: { interface: name, up } };
  actions.push({ do: 'report', report: { type: 'notice', notice } });
}
