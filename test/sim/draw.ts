// Who takes part in a world and how it is configured: drawn from the seed.
import { type Address, address } from '../../src/core/address.ts';
import type { Random } from '../../src/core/time.ts';
import type { GroupSettings, InstanceSettings } from '../../src/vrrp/settings.ts';
import { drawSigning } from './secrets.ts';
import { INSIDE, LINK, type Spec } from './world.ts';

/** `slowestMs`: between the adverts of the slowest; `downMs`: the longest that anybody waits for a master. */
export type Cast = {
  specs: readonly Spec[];
  baseMs: number;
  slowestMs: number;
  downMs: number;
  preemptDelayMs: number;
  /** Undefined: nobody waits for connections. */
  preemptWaitMs?: number;
  /** The other side is tracked, or instances are on it. */
  hasInside: boolean;
};
/** What all of them have in common. */
type Common = {
  version: 2 | 3;
  baseMs: number;
  mixed: boolean;
  nopreempt: boolean;
  /** One of them is a keepalived. */
  keepalived: boolean;
  unicast: boolean;
  tracks: boolean;
  grouped: boolean;
  bothFamilies: boolean;
  count: number;
  instances: number;
  priorities: readonly number[];
  own: Pick<InstanceSettings, 'version' | 'downAdverts' | 'preempt' | 'preemptDelayMs' | 'garp'>;
};

const NAMES = ['a', 'b', 'c', 'd', 'e'];
/** The last part of their addresses. */
const FIRST_HOST = 11;
const IPV6_GROUP = address('ff02::12');

/** `otherRandom`: for what came later; with it the worlds of `random` stay what they were. */
export function drawCast(random: Random, otherRandom: Random): Cast {
  const common = drawCommon(random, otherRandom);
  const { baseMs, mixed, version, own, tracks, grouped } = common;
  const specs = NAMES.slice(0, common.count).map((name, index) => drawSpec(random, name, index, common));
  const slowestMs = mixed ? 4 * baseMs : baseMs;
  const downMs = own.downAdverts * slowestMs + (version === 2 ? 1000 : slowestMs);
  const { preemptDelayMs } = own;
  return { specs, baseMs, slowestMs, downMs, preemptDelayMs, hasInside: tracks || grouped };
}

/** The same cast, perhaps with keys. `random`: not the one that drew the cast, which stays what it was. */
export function giveKeys(random: Random, cast: Cast): Cast {
  const isKeepalivedThere = cast.specs.some(({ keepalived }) => keepalived);
  const signing = isKeepalivedThere ? undefined : drawSigning(random, cast.specs[0]!.own.version!);
  return { ...cast, specs: cast.specs.map((spec) => ({ ...spec, signing })) };
}

/** The same cast, perhaps with directors that wait for connections. `random`: another one again. */
export function giveWaits(random: Random, cast: Cast): Cast {
  if (random() < 0.75) return cast;
  const preemptWaitMs = cast.downMs * [0.5, 2, 6][Math.floor(random() * 3)]!;
  // keepalived does not.
  const specs = cast.specs.map((spec) => (spec.keepalived ? spec : { ...spec, preemptWaitMs }));
  return { ...cast, preemptWaitMs, specs };
}

function drawCommon(random: Random, otherRandom: Random): Common {
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const often = (chance: number) => random() < chance;
  const version = pick(2, 3, 3);
  const baseMs = version === 2 ? pick(1000, 1000, 2000) : pick(100, 1000);
  const nopreempt = often(0.25);
  const keepalived = often(0.15);
  const groupsOfBoth = keepalived && otherRandom() < 0.4;
  const instances = keepalived ? (groupsOfBoth ? 2 : 1) : pick(1, 1, 2, 3);
  const count = pick(2, 2, 2, 3, 3, 4, 5);
  const equal = often(0.15);
  const priorities = NAMES.map(() => (equal ? 100 : 1 + Math.floor(random() * 254)));
  if (often(0.05)) priorities[Math.floor(random() * count)] = 255;
  const delays = !keepalived && !nopreempt && often(0.2);
  const own: Common['own'] = {
    version,
    downAdverts: often(0.1) ? 2 : 3,
    preempt: !nopreempt,
    preemptDelayMs: delays ? baseMs * pick(2, 5, 12) : 0,
    garp: { delayMs: pick(0, 0, 5 * baseMs), repeat: 5, refreshMs: 8 * baseMs, refreshRepeat: 1 },
  };
  return {
    version,
    baseMs,
    mixed: version === 3 && often(0.2),
    nopreempt,
    keepalived,
    unicast: often(0.2),
    tracks: !keepalived && often(0.3),
    grouped: groupsOfBoth || (instances > 1 && often(0.4)),
    bothFamilies: version === 3 && !keepalived && instances > 1 && often(0.4),
    count,
    instances,
    priorities,
    own,
  };
}

function drawSpec(random: Random, name: string, index: number, common: Common): Spec {
  const { baseMs, mixed, grouped, keepalived, instances } = common;
  const advertMs = mixed ? baseMs * [1, 2, 4][Math.floor(random() * 3)]! : baseMs;
  const [own, ...more] = Array.from({ length: instances }, (_, which) =>
    instanceOf(index, which, { ...common, advertMs }),
  );
  const groups: GroupSettings[] = grouped ? [{ name: 'VG_1', members: ['VI_1', 'VI_2'] }] : [];
  const drift = random() < 0.3 ? (random() - 0.5) * 0.004 : 0;
  const kind = random() < 0.5 ? 'plain' : 'last word';
  const foreign = keepalived && index === 1 ? ({ keepalived: kind } as const) : {};
  const host = address(`10.0.0.${FIRST_HOST + index}`);
  return { name, address: host, own: own!, more, groups, drift, ...foreign };
}

/** Members of a sync group are on both sides, and the same is best on both. */
function instanceOf(
  index: number,
  which: number,
  all: Common & { advertMs: number },
): Partial<InstanceSettings> {
  const { count, priorities, grouped, bothFamilies, tracks, advertMs, unicast } = all;
  const device = grouped && which === 1 ? INSIDE : LINK;
  const isIpv6 = bothFamilies && which === 1;
  const others = NAMES.slice(0, count).flatMap((_, other) => (other === index ? [] : FIRST_HOST + other));
  const peerOf = (host: number): Address =>
    address(isIpv6 ? `fe80::${host}` : `10.${device === LINK ? 0 : 1}.0.${host}`);
  const vip = address(isIpv6 ? `fd00::${50 + which}` : `10.0.0.${50 + which}`);
  return {
    ...all.own,
    name: `VI_${which + 1}`,
    interface: device,
    // Each family has ids of its own.
    vrid: isIpv6 ? 51 : 51 + which,
    vips: [{ address: vip, prefixLength: isIpv6 ? 128 : 24, interface: device, scope: 0 }],
    priority: priorities[(index + (grouped && which < 2 ? 0 : which)) % count]!,
    advertMs,
    trackInterfaces: tracks ? [INSIDE] : [],
    unicastPeers: unicast ? others.map(peerOf) : [],
    ...(isIpv6 ? { multicastGroup: IPV6_GROUP } : {}),
  };
}
