// Where a service is, where a server is, and how packets get from one to the other: the heads of
// virtual_server and real_server, and lvs_method.

import type { Address } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
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
  type: keyword(oneOf(['ipip', 'gue', 'gre']), 'encapsulation of TUN; gue and gre are not supported yet'),
  port: keyword(integer(1, 65_535), 'port of gue', { standing: 'unsupported' }),
  nocsum: keyword(nothing, 'no checksum in the tunnel header, the default', { standing: 'noEffect' }),
  csum: keyword(nothing, 'a checksum in the tunnel header', { standing: 'unsupported' }),
  remcsum: keyword(nothing, 'a remote checksum in the tunnel header', { standing: 'unsupported' }),
} as const satisfies Options);

const method = oneOf(['NAT', 'DR', 'TUN']);

export const forwarding: Shape<'NAT' | 'DR' | 'TUN'> = {
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
    if (value !== 'TUN') return value;
    const type = tunnelOptions.read(words)?.type;
    if (type === undefined || type.value === 'ipip') return value;
    const message = `${type.value} tunnels are not supported yet, and the real server expects nothing else`;
    return words.complain('CFG_UNSAFE', type.at, message);
  },
  print: String,
};
