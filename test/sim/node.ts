// One director of a simulated world: what it is made of, its settings, and what is seen of it from outside.
import { type Address, address } from '../../src/core/address.ts';
import { type Elector, type Input, nextDeadlineMs } from '../../src/vrrp/elector.ts';
import { familyOfPacket } from '../../src/vrrp/envelope.ts';
import { familyOfRouter } from '../../src/vrrp/family.ts';
import type { Instance } from '../../src/vrrp/instance.ts';
import { vridOf } from '../../src/vrrp/packet.ts';
import type { ElectorSettings, GroupSettings, InstanceSettings, State } from '../../src/vrrp/settings.ts';
import { KeepalivedLike } from './keepalived-like.ts';
import { type Signing, secretsOf } from './secrets.ts';

export const LINK = 'eth0';
/** The other side of the directors. */
export const INSIDE = 'eth1';
export const VIP = address('10.0.0.50');
export type Spec = {
  name: string;
  address: Address;
  own: Partial<InstanceSettings>;
  /** Instances beside the first. */
  more?: readonly Partial<InstanceSettings>[];
  groups?: readonly GroupSettings[];
  /** Of all its instances. */
  signing?: Signing | undefined;
  /** A better one that does not know the connections waits for them. */
  preemptWaitMs?: number;
  /** Not one of ours; `last word`: with vrrp_higher_prio_send_advert. */
  keepalived?: 'plain' | 'last word';
  /** Its clock runs so much faster: 0.001 = one second in a thousand. */
  drift?: number;
};
/** An advert, and what is known of it beside its bytes. */
export type Heard = { device: string; bytes: Buffer; sent: Sent };
/**
 * `serial`: the order in which all were sent; `own`: as its sender ran with, undefined of who signs nothing.
 * `forged`: `from` is only what it says.
 */
export type Sent = {
  from: Node;
  own: InstanceSettings | undefined;
  life: object;
  serial: number;
  atMs: number;
  forged?: true;
};
export type Node = {
  readonly index: number;
  spec: Spec;
  settings: ElectorSettings;
  /** Undefined: without power, or stopped. */
  director: Elector | KeepalivedLike | undefined;
  stopping: boolean;
  /** Stopped by a signal or its hypervisor: packets wait in its socket. */
  paused: boolean;
  inbox: Heard[];
  /** A signal to reload waits, too. */
  reloads: boolean;
  links: Map<string, boolean>;
  /** On each link, IPv4 and link-local. */
  readonly addresses: ReadonlyMap<string, readonly Address[]>;
  /** It knows the connections, and since when it does, or does not. */
  knows: boolean;
  knowsSinceMs: number;
  /** How far its UTC is from the right one. */
  clockMs: number;
  /** See {@link lifeOf}. */
  lives: WeakMap<Instance, object>;
  /** See {@link senderOf}. */
  readonly senders: Map<string, Instance>;
  /** Addresses on its interfaces. */
  holds: Set<Address>;
};
export function instanceSettings(own: Partial<InstanceSettings>): InstanceSettings {
  return {
    name: 'VI_1',
    interface: LINK,
    vrid: 51,
    priority: 100,
    version: 3,
    advertMs: 1000,
    downAdverts: 3,
    checksumForm: 'pseudo-header',
    initialState: 'BACKUP',
    preempt: true,
    preemptDelayMs: 0,
    multicastGroup: address('224.0.0.18'),
    unicastPeers: [],
    vips: [{ address: VIP, prefixLength: 24, interface: LINK, scope: 0 }],
    excludedVips: [],
    trackInterfaces: [],
    weightedInterfaces: [],
    tracks: [],
    garp: { delayMs: 5000, repeat: 5, refreshMs: 60_000, refreshRepeat: 1 },
    ...own,
  };
}
export function settingsOf({ own, more = [], groups = [], signing, preemptWaitMs }: Spec): ElectorSettings {
  const instances = [own, ...more].map((one) => instanceSettings({ ...one, ...secretsOf(signing) }));
  const waits = preemptWaitMs === undefined ? {} : { preemptWaitMs };
  return { instances, groups, ...waits, realtimePriority: 0, leaseSeconds: 5, addresses: 'kernel' };
}

/** Undefined: without power, stopped, not configured with it, or not one of ours. */
export function instanceNamed({ director }: Node, name: string): Instance | undefined {
  return director instanceof KeepalivedLike ? undefined : director?.instances.get(name);
}

export function stateOf(node: Node, instance: string): State | undefined {
  const { director } = node;
  return director instanceof KeepalivedLike
    ? director.stateOf(instance)
    : instanceNamed(node, instance)?.router.state;
}

/** Its virtual router whose adverts these are, if there is one. */
export function routerOf({ director }: Node, { device, bytes }: Pick<Heard, 'device' | 'bytes'>) {
  if (director === undefined || director instanceof KeepalivedLike) return undefined;
  const vrid = vridOf(bytes);
  const family = familyOfPacket(bytes);
  for (const instance of director.instances.values()) {
    const { own } = instance;
    if (own.interface === device && own.vrid === vrid && familyOfRouter(own) === family) return instance;
  }
  return undefined;
}

/** The same of an advert of its own, the last one of a virtual router that is gone by now included. */
export function senderOf(node: Node, advert: Pick<Heard, 'device' | 'bytes'>): Instance | undefined {
  const key = `${advert.device} ${familyOfPacket(advert.bytes)} ${vridOf(advert.bytes)}`;
  const instance = routerOf(node, advert) ?? node.senders.get(key);
  if (instance !== undefined) node.senders.set(key, instance);
  return instance;
}

/** What stands for all that it remembers of the adverts that it sent and heard. */
export function lifeOf({ lives }: Node, instance: Instance): object {
  const life = lives.get(instance) ?? {};
  lives.set(instance, life);
  return life;
}

export function wakesAtMs({ director, paused, spec }: Node): number {
  if (!director || paused) return Number.POSITIVE_INFINITY;
  const local = director instanceof KeepalivedLike ? director.nextDeadlineMs : nextDeadlineMs(director);
  return spec.drift ? local / (1 + spec.drift) : local;
}

export function linkInput(node: Node, device: string): Input {
  const link = { up: node.links.get(device) === true, addresses: addressesOf(node, device) };
  return { type: 'link', interface: device, link };
}

export function addressesOf({ addresses }: Node, device: string): readonly Address[] {
  return addresses.get(device)!;
}
/** On the other side another network; over IPv6 link-local, the same on each link. */
export function addressesFrom(own: Address): Node['addresses'] {
  const last = own.slice(own.lastIndexOf('.') + 1);
  const linkLocal = address(`fe80::${last}`);
  return new Map([
    [LINK, [own, linkLocal]],
    [INSIDE, [address(`10.1.0.${last}`), linkLocal]],
  ]);
}
