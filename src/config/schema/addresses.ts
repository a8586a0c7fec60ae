// Addresses entry by entry: those of a virtual router, static ones, and those of its peers.
import { type Address, addressBits, familyOf, type Prefix } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { keyword } from './block.ts';
import { type Options, options } from './options.ts';
import {
  address,
  inParts,
  integer,
  interfaceName,
  located,
  nameOf,
  nothing,
  oneOf,
  prefix,
  type Shape,
  text,
} from './shape.ts';

/** <linux/if.h> IFNAMSIZ less the terminating zero: a label is an interface name. */
const LONGEST_LABEL = 15;

const SCOPE_NAMES = ['global', 'link', 'site', 'host', 'nowhere'] as const;
/** <linux/rtnetlink.h> RT_SCOPE_*, as iproute2 takes them, too. */
const SCOPE_NUMBERS: Readonly<Record<string, (typeof SCOPE_NAMES)[number]>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
  255: 'nowhere',
};
const scopeName = oneOf(SCOPE_NAMES);
const scope: typeof scopeName = {
  ...scopeName,
  json: { anyOf: [scopeName.json!, { enum: Object.keys(SCOPE_NUMBERS).map(Number) }] },
  read(words) {
    const number = SCOPE_NUMBERS[words.peek()?.text ?? ''];
    if (number === undefined) return scopeName.read(words);
    words.optional();
    return number;
  },
};

/** `+` and `-` stand for an address that follows from the prefix. */
const broadcast: Shape<Address | '+' | '-'> = {
  syntax: 'IPV4-ADDR|+|-',
  json: { type: 'string' },
  example: '+',
  read(words) {
    const word = words.peek()?.text;
    if (word !== '+' && word !== '-') return address(4).read(words);
    words.optional();
    return word;
  },
};

const FOREVER = 0xffffffff;
/** Of struct ifa_cacheinfo: 32 bits of seconds, all ones for no end. */
const lifetime: Shape<number> = {
  syntax: 'SECONDS|forever',
  json: { anyOf: [integer(0, FOREVER).json!, { enum: ['forever'] }] },
  example: 'forever',
  read(words) {
    if (words.peek()?.text !== 'forever') return integer(0, FOREVER).read(words);
    words.optional();
    return FOREVER;
  },
};

const ADDRESS_OPTIONS = {
  dev: keyword(interfaceName, "interface it is added to; default the instance's"),
  scope: keyword(scope, 'rtnetlink scope (IPv4)'),
  label: keyword(text, 'alias name, as in eth0:1 (IPv4)'),
  brd: keyword(broadcast, 'broadcast address, + or -: all ones or all zeros behind the prefix (IPv4)'),
  broadcast: keyword(broadcast, 'the long form of brd'),
  no_track: keyword(nothing, 'do not put the address back when somebody removes it'),
  '-nodad': keyword(nothing, 'duplicate address detection before it is used (IPv6); default none'),
  home: keyword(nothing, 'home address of mobile IPv6'),
  peer: keyword(address(), 'far end of a point-to-point link'),
  mngtmpaddr: keyword(nothing, 'manage temporary IPv6 addresses'),
  noprefixroute: keyword(nothing, 'add no route for the prefix'),
  autojoin: keyword(nothing, 'join a multicast group'),
  preferred_lft: keyword(
    lifetime,
    'seconds until it is no source address any more, or forever; default 0 for a single address',
  ),
  use_vmac: keyword(nothing, "put it on an interface of its own with the virtual router's MAC"),
} as const satisfies Options;

const addressOptions = options(ADDRESS_OPTIONS);
const staticOptions = options({
  ...ADDRESS_OPTIONS,
  use_vmac: keyword(nothing, "put it on an interface with the virtual router's MAC", {
    standing: 'unsupported',
  }),
  track_group: keyword(nameOf('track_group'), 'instances that are no candidates while it is missing'),
} as const satisfies Options);
const addressPrefix = located(prefix);
export type AddressEntry = { prefix: Located<Prefix> } & NonNullable<ReturnType<typeof addressOptions.read>>;

/** `IPADDR[/LENGTH] [dev IF] …`: an entry of virtual_ipaddress. */
export const addressEntry = entryWith(addressOptions);
/** An entry of static_ipaddress. */
export const staticAddressEntry: Shape<AddressEntry> = {
  ...entryWith(staticOptions),
  refersTo: ['track_group'],
};

function entryWith(named: typeof addressOptions): Shape<AddressEntry> {
  return {
    syntax: `${prefix.syntax} ${named.syntax}`,
    line: true,
    ...inParts({ address: prefix }, 1),
    example: '10.0.0.50/24',
    options: named.options,
    read(words) {
      const at = addressPrefix.read(words);
      if (at === undefined) return void words.rest();
      words.subject = at.value.address;
      const values = named.read(words) ?? {};
      reportContradictions(words, at, values);
      return { prefix: at, ...values };
    },
  };
}

type AddressValues = NonNullable<ReturnType<typeof addressOptions.read>>;

function reportContradictions(words: Arguments, at: Located<Prefix>, values: AddressValues): void {
  const { label, peer, scope: reach, brd, broadcast: long } = values;
  const family = familyOf(at.value.address);
  const contradiction = (where: Span, message: string, hint?: string) =>
    words.complain('CFG_CONTRADICTION', where, message, hint);
  if (peer !== undefined && at.value.length !== longestOf(at.value))
    contradiction(at.at, 'an address with a peer has no prefix length', 'as in `10.0.0.1 peer 10.0.0.2`');
  if (peer !== undefined && familyOf(peer.value) !== family)
    contradiction(peer.at, `the address is IPv${family}, and its peer ${peer.value} is not`);
  const ofIPv4 = { label, scope: reach, brd, broadcast: long };
  for (const [name, value] of Object.entries(ofIPv4))
    if (family === 6 && value !== undefined) contradiction(value.at, `${name} is for IPv4 addresses only`);
  if (label !== undefined && label.value.length > LONGEST_LABEL)
    words.complain('CFG_RANGE', label.at, `the label "${label.value}" has more than 15 letters`);
}

const peerOptions = options({
  min_ttl: keyword(integer(0, 255), 'drop its adverts with a smaller TTL or hop limit'),
  max_ttl: keyword(integer(0, 255), 'drop its adverts with a larger TTL or hop limit'),
} as const satisfies Options);

export type PeerEntry = { address: Address } & NonNullable<ReturnType<typeof peerOptions.read>>;

/** `IPADDR [min_ttl N] [max_ttl N]`: an entry of unicast_peer. */
export const peerEntry: Shape<PeerEntry> = {
  syntax: `IPADDR ${peerOptions.syntax}`,
  line: true,
  ...inParts({ address: address() }, 1),
  example: '10.0.0.2',
  options: peerOptions.options,
  read(words) {
    const peer = address().read(words);
    if (peer === undefined) return undefined;
    words.subject = peer;
    const values = peerOptions.read(words) ?? {};
    const { min_ttl: least, max_ttl: most } = values;
    if (least !== undefined && most !== undefined && least.value > most.value)
      words.complain('CFG_CONTRADICTION', most.at, `max_ttl ${most.value} is below min_ttl ${least.value}`);
    return { address: peer, ...values };
  },
};

function longestOf({ address: at }: Prefix): number {
  return addressBits(familyOf(at));
}
