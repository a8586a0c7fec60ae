// Members of a virtual_server_group, entry by entry: addresses, ranges, networks and firewall marks.
import { type Address, type Family, familyOf, parseAddress } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import { type AddressRange, compareAddresses, rangeOfPrefix, withLastPart } from '../../core/range.ts';
import type { Arguments } from '../arguments.ts';
import { integer, located, oneOf, prefix, type Shape, UINT_MAX } from './shape.ts';

/** No port = every one. */
export type Member =
  | { addresses: Located<AddressRange>; port?: number }
  | { fwmark: Located<number>; family?: Family };

const port = integer(0, 65_535);
const mark = located(integer(1, UINT_MAX));
const family = oneOf(['inet', 'inet6']);
/** `10.0.0.1-20`, `10.0.0.1-10.0.0.20`, `fd00::1-ff`. */
const RANGE = /^([0-9a-f.:]+)-([0-9a-f.:]+)$/i;

export const groupMember: Shape<Member> = {
  syntax: 'IPADDR[/LENGTH] [PORT] | IPADDR-END [PORT] | fwmark NUMBER [inet|inet6]',
  line: true,
  example: '10.0.0.1-20 80',
  read(given) {
    const word = given.peek();
    if (word?.text === 'fwmark') return readMark(given);
    const range = word === undefined ? null : RANGE.exec(word.text);
    const value = range === null ? readNetwork(given) : readRange(given, range[1]!, range[2]!);
    if (value === undefined) return void given.rest();
    const addresses = { value, at: word!.at };
    if (given.peek() === undefined) return { addresses };
    given.subject = 'port';
    const only = port.read(given);
    return only === undefined ? undefined : { addresses, port: only };
  },
};

function readMark(given: Arguments): Member | undefined {
  given.optional();
  const fwmark = mark.read(given);
  if (fwmark === undefined || given.peek() === undefined) return fwmark && { fwmark };
  const of = family.read(given);
  return of === undefined ? undefined : { fwmark, family: of === 'inet' ? 4 : 6 };
}

function readNetwork(given: Arguments): AddressRange | undefined {
  const word = given.peek();
  const network = prefix.read(given);
  if (network === undefined || word === undefined) return undefined;
  const range = network.length === 0 ? undefined : rangeOfPrefix(network);
  if (range !== undefined) return range;
  return given.wrong(word, `takes a network, and ${word.text} is an address in one`);
}

function readRange(given: Arguments, start: string, end: string): AddressRange | undefined {
  const word = given.optional()!;
  const first = parseAddress(start);
  if (first === undefined) return given.wrong(word, `takes an IP address, not "${start}"`);
  const last = /[.:]/.test(end) ? parseAddress(end) : withPart(first, end);
  if (last === undefined) return given.wrong(word, `takes an address or the end of one, not "${end}"`);
  if (familyOf(last) !== familyOf(first))
    return given.wrong(word, `has an IPv${familyOf(first)} address and an IPv${familyOf(last)} one`);
  if (compareAddresses(first, last) > 0 || (first === last && !/[.:]/.test(end)))
    return given.wrong(word, `ends before it begins: ${end} is not above ${start}`);
  return { first, last };
}

/** `20` of `10.0.0.1-20`, hexadecimal in IPv6. */
function withPart(first: Address, end: string): Address | undefined {
  const isWide = familyOf(first) === 6;
  if (!(isWide ? /^[0-9a-f]{1,4}$/i : /^\d{1,3}$/).test(end)) return undefined;
  const part = Number.parseInt(end, isWide ? 16 : 10);
  return part > (isWide ? 0xffff : 0xff) ? undefined : withLastPart(first, part);
}
