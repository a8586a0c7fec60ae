// Where a service is, where a server is, and how packets get from one to the other: the heads of
// virtual_server and real_server, and lvs_method.

import type { Address } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import { type Method, methodName } from '../../core/forwarding.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { keyword } from './block.ts';
import { type Options, options } from './options.ts';
import { address, inParts, integer, located, name, nothing, oneOf, type Shape, UINT_MAX } from './shape.ts';

export type Endpoint = { address: Located<Address>; port?: Located<number> };
const ENDPOINT_ADDRESS = located(address());
const ENDPOINT_PORT = located(integer(0, 65_535));

function readEndpoint(...[words]: Parameters<Shape<Endpoint>['read']>): Endpoint | undefined {
  const at = ENDPOINT_ADDRESS.read(words);
  if (at === undefined) words.rest();
  if (at === undefined || words.peek() === undefined) return at === undefined ? undefined : { address: at };
  const { subject } = words;
  words.subject = 'port';
  const port = ENDPOINT_PORT.read(words);
  words.subject = subject;
  return port === undefined ? undefined : { address: at, port };
}

/** Port 0, or none, is every port of a virtual server and "the virtual server's" of a real one. */
export const endpoint: Shape<Endpoint> = {
  syntax: 'IPADDR [PORT]',
  line: true,
  ...inParts({ address: address(), port: integer(0, 65_535) }, 1),
  example: '10.0.0.1 80',
  read: readEndpoint,
};

/** A service is at an address, or whatever carries a firewall mark, or the members of a group. */
export type ServiceHead = Endpoint | { fwmark: Located<number> } | { group: Located<string> };

const mark = located(integer(1, UINT_MAX));
const groupName = located(name);

export const serviceHead: Shape<ServiceHead> = {
  refersTo: ['virtual_server_group'],
  syntax: 'IPADDR [PORT] | fwmark NUMBER | group NAME',
  line: true,
  example: '10.0.0.1 80',
  read(words) {
    const kind = words.peek()?.text;
    if (kind !== 'fwmark' && kind !== 'group') return readEndpoint(words);
    words.optional();
    words.subject = kind;
    if (kind === 'fwmark') {
      const fwmark = mark.read(words);
      return fwmark === undefined ? undefined : { fwmark };
    }
    const group = groupName.read(words);
    return group === undefined ? undefined : { group };
  },
};

const tunnelOptions = options({
  type: keyword(oneOf(['ipip', 'gue', 'gre']), 'encapsulation of TUN; default ipip'),
  port: keyword(integer(1, 65_535), 'UDP port of gue, which needs one'),
  nocsum: keyword(nothing, 'no checksum in the tunnel header, the default'),
  csum: keyword(nothing, 'a checksum in the tunnel header, of gue and gre'),
  remcsum: keyword(nothing, 'a remote checksum in the tunnel header, of gue'),
} as const satisfies Options);

const method = oneOf(['NAT', 'DR', 'TUN']);
const CHECKSUMS = ['nocsum', 'csum', 'remcsum'] as const;

export const forwarding: Shape<Method> = {
  syntax: `NAT|DR|TUN ${tunnelOptions.syntax}`,
  line: true,
  ...inParts({ method }, 1),
  example: 'NAT',
  options: tunnelOptions.options,
  read(words) {
    const value = method.read(words);
    const option = words.peek();
    // keepalived leaves out the whole statement: with another word behind it DR would be NAT there.
    if (value !== undefined && option !== undefined && !Object.hasOwn(tunnelOptions.options, option.text)) {
      const close = nearest(option.text, Object.keys(tunnelOptions.options));
      const hint = close === undefined ? undefined : `did you mean \`${close}\`?`;
      return words.wrong(option, `takes no "${option.text}" after ${value}`, hint);
    }
    if (value === undefined) return undefined;
    return value === 'TUN' ? readTunnel(words) : { forwarding: value };
  },
  print: methodName,
  plain: methodName,
};

/** The last checksum counts, as in keepalived; what contradicts itself is no method at all, there, too. */
function readTunnel(words: Arguments): Method | undefined {
  const given = tunnelOptions.read(words);
  if (given === undefined) return undefined;
  const { type, port } = given;
  const sums = CHECKSUMS.flatMap((name) => (given[name] === undefined ? [] : [{ name, at: given[name].at }]));
  const sum = sums.sort((a, b) => a.at.start - b.at.start).at(-1);
  const wrong = (at: Span, message: string) => words.complain('CFG_CONTRADICTION', at, message);
  const kind = type?.value ?? 'ipip';
  if (kind !== 'gue' && port !== undefined) return wrong(port.at, `a port is of gue, not of ${kind}`);
  if (sum !== undefined && sum.name !== 'nocsum' && kind === 'ipip')
    return wrong(sum.at, `ipip has no checksum of its own: ${sum.name} is for gue and gre`);
  const checksum = sum === undefined || sum.name === 'nocsum' ? 'none' : sum.name;
  if (kind === 'ipip') return { forwarding: 'TUN' };
  if (kind === 'gue') {
    if (port === undefined) return wrong(type!.at, 'gue needs a port, as in `type gue port 6080`');
    return { forwarding: 'TUN', tunnel: { type: kind, port: port.value, checksum } };
  }
  if (checksum === 'remcsum') return wrong(sum!.at, 'gre has no remote checksum: remcsum is for gue');
  return { forwarding: 'TUN', tunnel: { type: kind, checksum } };
}
