// The virtual routers of two directors: which belong together, and whether they would hear and follow each
// other.

import type { Address } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import { familyOfInstance, multicastGroupOf } from '../family.ts';
import type { Configuration, VirtualAddress, VrrpInstance } from '../model.ts';
import { compareGroups } from './pair-groups.ts';
import { compareSecrets } from './pair-keys.ts';
import type { PairReport } from './pair-report.ts';
import { compareTtls } from './pair-unicast.ts';
import { compareVirtualMacs } from './pair-virtual-macs.ts';

const OWNER = 255;
export type Match = readonly [VrrpInstance, VrrpInstance];

/** Answers which instances belong together. */
export function compareInstances(a: Configuration, b: Configuration, pair: PairReport): Match[] {
  const { matches, onlyA, onlyB } = matchInstances(a.instances, b.instances);
  const [firstA, firstB] = [onlyA[0], onlyB[0]];
  if (matches.length === 0 && firstA !== undefined && firstB !== undefined) {
    const message = `no vrrp_instance is on both directors: here is ${firstB.name.value}`;
    const note = `and ${firstA.name.value} on the other director`;
    const hint = 'they belong together by name, or by virtual_router_id and an address';
    pair.add('CFG_PAIR_NOTHING', [firstA.name.at, firstB.name.at], message, note, hint);
  } else {
    for (const instance of onlyA) reportAlone(instance, 'first', pair);
    for (const instance of onlyB) reportAlone(instance, 'second', pair);
  }
  reportForeignIds(onlyA, onlyB, pair);
  for (const match of matches) {
    compareAdverts(match, [a, b], pair);
    compareSecrets(match, pair);
    compareVirtualMacs(match, pair);
    comparePaths(match, [a, b], pair);
    compareTtls(match, pair);
    compareAddresses(match, pair);
    compareRoles(match, pair);
  }
  compareGroups(matches, [a, b], pair);
  return matches;
}

/** By name; else by number, family and an address; else by an address alone. */
function matchInstances(a: readonly VrrpInstance[], b: readonly VrrpInstance[]) {
  const matches: Match[] = [];
  const leftA = new Set(a);
  const leftB = new Set(b);
  const join = (keysOf: (instance: VrrpInstance) => string[]) => {
    const known = new Map([...leftB].flatMap((instance) => keysOf(instance).map((key) => [key, instance])));
    for (const instance of leftA) {
      const other = keysOf(instance).map((key) => known.get(key));
      const found = other.find((one) => one !== undefined && leftB.has(one));
      if (found === undefined) continue;
      matches.push([instance, found]);
      leftA.delete(instance);
      leftB.delete(found);
    }
  };
  join(({ name }) => [name.value]);
  join((one) => addressesOf(one).map((address) => `${one.virtualRouterId.value} ${address}`));
  join(addressesOf);
  return { matches, onlyA: [...leftA], onlyB: [...leftB] };
}

function addressesOf({ virtualAddresses }: VrrpInstance): string[] {
  return virtualAddresses.map(({ prefix }) => prefix.value.address);
}

function reportAlone({ name }: VrrpInstance, whose: 'first' | 'second', pair: PairReport): void {
  const message = `${name.value} is not on the other director: nobody takes over its addresses`;
  pair.alone('CFG_PAIR_ALONE', whose, name.at, message);
}

/** Two routers that are none of each other's business, but hear each other all the same. */
function reportForeignIds(a: readonly VrrpInstance[], b: readonly VrrpInstance[], pair: PairReport): void {
  const space = (instance: VrrpInstance) =>
    `${instance.interface.value} ${instance.virtualRouterId.value} ${familyOfInstance(instance)}`;
  const multicast = ({ unicastPeers }: VrrpInstance) => unicastPeers.length === 0;
  const known = new Map(a.filter(multicast).map((instance) => [space(instance), instance]));
  for (const instance of b.filter(multicast)) {
    const other = known.get(space(instance));
    if (other === undefined) continue;
    const id = instance.virtualRouterId.value;
    const message = `the other director uses virtual_router_id ${id} for ${other.name.value}`;
    const places = [other.virtualRouterId.at, instance.virtualRouterId.at] as const;
    pair.add(
      'CFG_PAIR_VRID',
      places,
      message,
      'which has other addresses',
      'give one of them another number',
    );
  }
}

function compareAdverts(
  [a, b]: Match,
  [ofA, ofB]: readonly [Configuration, Configuration],
  pair: PairReport,
) {
  const hint = 'directors of one virtual router drop adverts of another number';
  pair.compare('CFG_PAIR_VRID', 'virtual_router_id', [a.virtualRouterId, b.virtualRouterId], hint);
  const versions = [versionOf(a, ofA), versionOf(b, ofB)] as const;
  pair.compare('CFG_PAIR_VERSION', 'the VRRP version', versions, 'adverts of the other version are dropped');
  pair.compare(
    'CFG_PAIR_INTERVAL',
    'advert_int',
    [a.advertIntervalMs, b.advertIntervalMs],
    'version 2 drops such adverts; in version 3 a takeover takes longer or shorter than the file says',
    (ms) => `${ms / 1000} s`,
  );
  pair.compare(
    'CFG_PAIR_INTERVAL',
    'down_timer_adverts',
    [a.downTimerAdverts ?? ofA.global.downTimerAdverts, b.downTimerAdverts ?? ofB.global.downTimerAdverts],
    'the one with fewer takes over from a master that still lives for the other',
  );
  if (versions[0].value === 3)
    pair.compare(
      'CFG_PAIR_CHECKSUM',
      'v3_checksum_as_v2',
      [a.plainChecksum ?? ofA.global.plainChecksum, b.plainChecksum ?? ofB.global.plainChecksum],
      'keepalived drops adverts of the other form; lvs-director takes both',
      (plain) => (plain ? 'on' : 'off'),
    );
}

/** Where it comes from global_defs, that is where to look; the default is nowhere. */
function versionOf(instance: VrrpInstance, { global }: Configuration): Located<2 | 3> {
  if (instance.version !== undefined) return instance.version;
  const { value, at } = global.vrrpVersion;
  return { value, at: value === 2 ? instance.name.at : at };
}

/** Do adverts of each reach the other? */
function comparePaths([a, b]: Match, [ofA, ofB]: readonly [Configuration, Configuration], pair: PairReport) {
  const [source, ownSource] = [a.sourceAddress, b.sourceAddress];
  if (source !== undefined && source.value === ownSource?.value) {
    const message = `${source.value} is the source address of both directors`;
    const note = 'the other director has it too';
    pair.add('CFG_PAIR_SOURCE', [source.at, ownSource.at], message, note, 'each needs its own');
    return;
  }
  const [peer, ownPeer] = [a.unicastPeers[0], b.unicastPeers[0]];
  if (peer === undefined && ownPeer === undefined) {
    const groups = [
      a.multicastGroup ?? multicastGroupOf(ofA.global, familyOfInstance(a)),
      b.multicastGroup ?? multicastGroupOf(ofB.global, familyOfInstance(b)),
    ] as const;
    pair.compare('CFG_PAIR_UNICAST', 'the multicast group of adverts', groups);
  } else if (peer === undefined || ownPeer === undefined) {
    const [here, there] = peer === undefined ? ['unicast', 'multicast'] : ['multicast', 'unicast'];
    const message = `${b.name.value} sends its adverts by ${here}, the other director by ${there}`;
    const places = [peer?.at ?? a.name.at, ownPeer?.at ?? b.name.at] as const;
    pair.add('CFG_PAIR_UNICAST', places, message, `${there} on the other director`);
  } else {
    if (ownSource !== undefined && !isPeer(ownSource, a))
      pair.add(
        'CFG_PAIR_UNICAST',
        [peer.at, ownSource.at],
        `${ownSource.value} is no unicast_peer of the other director`,
        'its adverts go here',
      );
    if (source !== undefined && !isPeer(source, b))
      pair.add(
        'CFG_PAIR_UNICAST',
        [source.at, ownPeer.at],
        `the other director, ${source.value}, is no unicast_peer here`,
        'its address',
      );
  }
}

function isPeer({ value }: Located<Address>, { unicastPeers }: VrrpInstance): boolean {
  return unicastPeers.some((peer) => peer.value === value);
}

function compareAddresses([a, b]: Match, pair: PairReport): void {
  const advertised = 'a BACKUP drops adverts with other addresses than its own';
  compareList('CFG_PAIR_ADDRESSES', a, b, 'virtualAddresses', pair, advertised);
  const moved = 'after a failover it is gone';
  compareList('CFG_PAIR_EXCLUDED', a, b, 'virtualAddressesExcluded', pair, moved);
}

function compareList(
  code: 'CFG_PAIR_ADDRESSES' | 'CFG_PAIR_EXCLUDED',
  a: VrrpInstance,
  b: VrrpInstance,
  list: 'virtualAddresses' | 'virtualAddressesExcluded',
  pair: PairReport,
  hint: string,
): void {
  const keyword = list === 'virtualAddresses' ? 'virtual_ipaddress' : 'virtual_ipaddress_excluded';
  for (const { prefix } of missingIn(b[list], a[list])) {
    const message = `${prefix.value.address} is not in ${keyword} of ${b.name.value} here`;
    pair.add(code, [prefix.at, b.name.at], message, 'the other director has it', hint);
  }
  for (const { prefix } of missingIn(a[list], b[list])) {
    const message = `${prefix.value.address} is not in ${keyword} of the other director`;
    pair.add(code, [a.name.at, prefix.at], message, 'the instance there', hint);
  }
}

function missingIn(some: readonly VirtualAddress[], others: readonly VirtualAddress[]): VirtualAddress[] {
  const known = new Set(some.map(({ prefix }) => prefix.value.address));
  return others.filter(({ prefix }) => !known.has(prefix.value.address));
}

/** Who is to be MASTER, and who stays it. */
function compareRoles([a, b]: Match, pair: PairReport): void {
  const places = [a.priority.at, b.priority.at] as const;
  const { value } = b.priority;
  if (a.priority.value === value) {
    if (value === OWNER) {
      const message = 'both directors own the addresses (priority 255): both are MASTER for ever';
      pair.add('CFG_PAIR_OWNER', places, message, '255 on the other director', 'give one 1 to 254');
    } else if (!a.nopreempt.value || !b.nopreempt.value) {
      const message = `both directors have priority ${value}: the higher IP address becomes MASTER`;
      const hint = 'give one more, or both `nopreempt` if it does not matter which';
      pair.add('CFG_PAIR_PRIORITY', places, message, `${value} on the other director`, hint);
    }
    return;
  }
  const [better, worse] = a.priority.value > value ? [a, b] : [b, a];
  const whose = worse === a ? 'first' : 'second';
  reportWorse(better, worse, (code, at, message, hint) => pair.alone(code, whose, at, message, hint));
}

function reportWorse(
  better: VrrpInstance,
  worse: VrrpInstance,
  complain: (code: 'CFG_PAIR_STATE' | 'CFG_PAIR_PREEMPT', at: Span, message: string, hint: string) => void,
): void {
  const priority = `priority ${worse.priority.value}, the other director ${better.priority.value}`;
  if (worse.initialState.value === 'MASTER' && worse.priority.value !== OWNER)
    complain(
      'CFG_PAIR_STATE',
      worse.initialState.at,
      `${worse.name.value} starts as MASTER although it has ${priority}`,
      'set `state BACKUP`: a restart of this director would else disturb the other',
    );
  if (worse.nopreempt.value && !better.nopreempt.value)
    complain(
      'CFG_PAIR_PREEMPT',
      worse.nopreempt.at,
      `nopreempt does nothing here: ${worse.name.value} has ${priority}, and that one preempts`,
      'put it on the director with the higher priority',
    );
}
